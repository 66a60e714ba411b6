/** The device of a command, as --device chooses it. */
import type { Device } from '../engine/device.js';
import { type OpenOptions, open } from '../node/open.js';
import type { Output } from './output.js';

export interface DeviceOptions {
  readonly device?: string;
}

/** The choice for the opener; without --device, the fastest adapter. */
export function deviceChoice({ device }: DeviceOptions): OpenOptions {
  return device === undefined ? {} : { device };
}

/** Throws: as `open`. */
export async function openDevice(options: DeviceOptions): Promise<Device> {
  return open(deviceChoice(options));
}

/** Prints which device is used. */
export function sayDevice(output: Output, { fingerprint, traits }: Device): void {
  output.say(`Device: ${fingerprint.adapter} (${fingerprint.driver}), ${traits.family} kernels.`);
}
