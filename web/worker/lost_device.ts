/** What a failure says about the device. */
import type { Device } from '../../src/engine/device.js';

/** Being lost is told a moment after the failure that it causes. */
const graceMs = 200;

/** Whether the device is lost. */
export async function goesNow(device: Device): Promise<boolean> {
  const later = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), graceMs));
  return Promise.race([device.lost.then(() => true), later]);
}

/** Whether it does nothing any more, as after a command that it has refused. */
export function refusesAll(device: Device): boolean {
  try {
    device.assertUsable();
    return false;
  } catch {
    return true;
  }
}
