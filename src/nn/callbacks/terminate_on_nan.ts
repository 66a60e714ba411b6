/** Stops training when the loss is NaN or infinite. */
import { checkCall } from '../../calls.js';
import { fn } from '../../options.js';
import type { Callback } from './callback.js';
import type { Listener } from './monitor.js';

/** The exponent bits of an f32: all ones in NaN and both infinities, and in nothing else. */
const exponentBits = 0x7f800000;

/** Detects NaN and ±∞ from the raw bits of an f32. */
export function isNotFinite(bits: number): boolean {
  return (bits & exponentBits) === exponentBits;
}

/**
 * Stops training after the step whose loss is NaN or infinite, as Keras's TerminateOnNaN.
 *
 * Tests the raw bits read back from the device, because a shader compiler may assume that there are no NaNs, and then any
 * comparison in a shader is unreliable. Steps submitted before the bits were read still run and call their callbacks; then
 * the epoch ends early, with its validation. `say` is called with `Batch 5: Invalid loss, terminating training`, batches
 * counted from 0. Default console.log.
 * Source: keras/src/callbacks/terminate_on_nan.py (behaviour).
 */
export function terminateOnNaN(options: { readonly say?: Listener } = {}): Callback {
  checkCall('terminateOnNaN', options, () => ({ say: fn }));
  const { say = console.log } = options;
  let isStopped = false;
  return {
    onTrainBegin: () => {
      isStopped = false;
    },
    onBatchEnd: (step, _, training) => {
      if (isStopped || !isNotFinite(training.lossBits())) return;
      isStopped = true;
      say(`Batch ${step}: Invalid loss, terminating training`);
      training.stop();
    },
  };
}
