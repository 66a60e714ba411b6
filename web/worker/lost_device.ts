/** What a failure says about the device. */
import type { Device } from '../../src/engine/device.js';
import { DeviceError } from '../../src/errors.js';

/** WebGPU reports a lost device a moment after the failure that it causes. */
const graceMs = 200;

/** Whether the device is lost. */
export async function goesNow(device: Device): Promise<boolean> {
  const later = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), graceMs));
  return Promise.race([device.lost.then(() => true), later]);
}

/**
 * What a browser says of a device that goes depends on what it was doing: here it is one sentence, `text`.
 *
 * Throws: DeviceError when the device is lost; whatever `work` throws.
 */
export async function unlessLost<T>(device: Device, text: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const isLost = cause instanceof DeviceError && cause.problem === 'lost';
    if (!isLost && !(await goesNow(device))) throw cause;
    throw new DeviceError(text, { cause, problem: 'lost' });
  }
}
