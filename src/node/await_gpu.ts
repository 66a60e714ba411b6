/**
 * Awaits the GPU without busy-waiting. While a WebGPU promise is pending, Dawn's binding polls the device in every
 * turn of the event loop without a pause, which takes a whole core from a software device. Here each turn sleeps
 * briefly. Measured on 2 cores with llvmpipe: a convolution with 118 ms of work took 107 ms with busy-waiting, 64 ms
 * without.
 */
import process from 'node:process';

/** Long compared with a turn of the loop (a few µs), short compared with a training step and the response to Ctrl-C. */
const napMs = 0.3;

const sleepCell = new Int32Array(new SharedArrayBuffer(4));
let waiting = 0;
let isNapping = false;

function nap(): void {
  isNapping = waiting > 0;
  if (!isNapping) return;
  Atomics.wait(sleepCell, 0, 0, napMs);
  setImmediate(nap);
}

let endStatus: number | undefined;

/** Returns the promise; until it settles, the event loop turns at most about three thousand times per second. */
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

/** Longer than the compilation of any kernel. */
const mostMsToEnd = 10_000;

/**
 * Exits once the device is idle: a driver that is torn down while it compiles or computes may crash and change the
 * exit status. Pending promises of the device are not resolved.
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
