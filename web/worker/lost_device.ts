/** Finds out whether a failure was caused by a lost device. */
import type { Device } from '../../src/engine/device.js';
import { DeviceError } from '../../src/errors.js';

/** WebGPU reports a lost device a moment after the failure that it causes. */
const graceMs = 200;

/** Whether the device is lost, now or within a moment. */
export async function goesNow(device: Device): Promise<boolean> {
  const later = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), graceMs));
  return Promise.race([device.lost.then(() => true), later]);
}

/**
 * Runs `work`. Replaces the error of a lost device, which differs between browsers and calls, by the message `text`.
 *
 * Throws: DeviceError if the device is lost; otherwise what `work` throws.
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
