/** Stops training when the loss is NaN or infinite. */
import { checkCall } from '../../calls.js';
import { fn } from '../../options.js';
import type { Callback } from './callback.js';
import type { Listener } from './monitor.js';

/** An f32's exponent: all ones in NaN and in both infinities, and in nothing else. */
const exponentBits = 0x7f800000;

/** Tells NaN and ±∞ from the raw bits of an f32. */
export function isNotFinite(bits: number): boolean {
  return (bits & exponentBits) === exponentBits;
}

/**
 * Stops training after the step whose loss is NaN or infinite, as Keras's TerminateOnNaN.
 *
 * The test is on the raw bits that came back from the device, since a shader's compiler may assume that there are no
 * NaNs, and a comparison then says anything. Steps that were submitted before those bits came back still run; their
 * callbacks are called, and then the epoch ends early, with its validation. `say` is called with
 * `Batch 5: Invalid loss, terminating training`, batches counted from 0. Default console.log.
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
