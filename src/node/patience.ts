/**
 * Waiting without spinning. While a WebGPU promise is pending, Dawn's binding asks the device for news in every turn of
 * the event loop, without a pause: one whole core, which a device that is itself the processor misses. Here each turn
 * sleeps a moment. Measured on 2 cores, llvmpipe: a convolution of 118 ms of work took 107 ms with the spinning beside
 * it, 64 ms without.
 */
import process from 'node:process';

/** Long against a turn of the loop (some µs), short against a step of training and to a person's Ctrl-C. */
const napMs = 0.3;

const nobodyWakes = new Int32Array(new SharedArrayBuffer(4));
let waiting = 0;
let isNapping = false;

function nap(): void {
  isNapping = waiting > 0;
  if (!isNapping) return;
  Atomics.wait(nobodyWakes, 0, 0, napMs);
  setImmediate(nap);
}

let endStatus: number | undefined;

/** The promise itself; until it settles, the event loop turns about three thousand times a second and no faster. */
export async function awaitGpu<T>(promise: Promise<T>): Promise<T> {
  waiting++;
  if (!isNapping) {
    isNapping = true;
    setImmediate(nap);
  }
  try {
    return await promise;
  } finally {
    waiting--;
    if (endStatus !== undefined) await endWhenIdle(endStatus);
  }
}

/** Longer than any kernel takes to compile. */
const mostMsToEnd = 10_000;

/**
 * Ends the process as soon as the device has done what it is at: drivers that are torn down while they compile or compute
 * may crash, and the status would be theirs. Whoever awaits the device does not hear of it any more.
 */
export function endProcess(status: number): void {
  endStatus = status;
  setTimeout(() => process.exit(status), mostMsToEnd);
  void endWhenIdle(status);
}

function endWhenIdle(status: number): Promise<never> {
  if (waiting === 0) process.exit(status);
  return new Promise(() => undefined);
}
