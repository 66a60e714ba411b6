/** A device that can be planned for and computes nothing: plans need only its traits and how variants are chosen. */
import { KernelSelection } from '../../src/engine/kernel_selection.js';
import type { Device } from '../../src/engine/device.js';
import type { DeviceTraits } from '../../src/engine/primitive.js';
import { registerKernels } from '../../src/kernels/index.js';

export function fakeDevice(traits: Partial<DeviceTraits> = {}): Device {
  registerKernels();
  const device: Pick<Device, 'traits' | 'forcedVariants' | 'kernelSelection'> = {
    traits: {
      family: 'software',
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
