/** A device that can be planned for and computes nothing: plans need only its traits and how variants are chosen. */
import { KernelSelection } from '../../src/engine/kernel_selection.js';
import type { Device } from '../../src/engine/device.js';
import type { DeviceTraits } from '../../src/engine/primitive.js';

export function fakeDevice(traits: Partial<DeviceTraits> = {}): Device {
  const device: Pick<Device, 'traits' | 'forcedVariants' | 'kernelSelection'> = {
    traits: {
      family: 'software',
      features: [],
      subgroupSize: 8,
      maxInvocationsPerWorkgroup: 256,
      maxWorkgroupStorageBytes: 32_768,
      maxWorkgroupsPerDimension: 65_535,
      ...traits,
    },
    forcedVariants: new Map(),
    kernelSelection: new KernelSelection(),
  };
  return device as Device;
}

/** A device whose memory holds nothing, for models, whose parameters are allocated. */
export function hollowDevice(family: 'software' | 'gpu'): Device {
  const subgroupSize = family === 'software' ? 8 : 32;
  const allocate = (byteLength: number) => ({ buffer: {}, offset: 0, byteLength });
  const nothing = { write: () => 0, release: () => undefined, reclaim: () => undefined };
  return Object.assign(fakeDevice({ family, subgroupSize }), { allocate, ...nothing });
}
