/** Sets the learning rate at the start of each epoch. */
import { UsageError } from '../../errors.js';
import { checkArgument, checkCall } from '../../calls.js';
import { fn, notNegative } from '../../options.js';
import { pythonRepr } from '../../python_numbers.js';
import type { Callback } from './callback.js';
import type { Listener } from './monitor.js';

export interface LearningRateSchedulerOptions {
  /** Called at each epoch with what Keras prints with verbose=1. */
  readonly say?: Listener;
}

/**
 * Calls `rateFor(epoch, rate)` for the rate of each epoch, counted from 0, like Keras's LearningRateScheduler. For rates
 * that follow a formula from step to step, see `schedules`.
 *
 * A resumed epoch keeps the rate that it started with.
 * Throws (during training): UsageError if the rate is a schedule, or `rateFor` does not return a finite number.
 * Source: keras/src/callbacks/learning_rate_scheduler.py (behaviour).
 */
export function learningRateScheduler(
  rateFor: (epoch: number, rate: number) => number,
  options: LearningRateSchedulerOptions = {},
): Callback {
  checkArgument('learningRateScheduler', 'rateFor', rateFor, () => fn);
  checkCall('learningRateScheduler', options, () => ({ say: fn }));
  const { say } = options;
  let scheduled = -1;
  return {
    name: 'learningRateScheduler',
    onTrainBegin: () => {
      scheduled = -1;
    },
    onEpochBegin: (epoch, { model: { optimizer } }) => {
      if (epoch === scheduled) return;
      const before = optimizer.learningRate;
      if (typeof before !== 'number') {
        throw new UsageError(
          'learningRateScheduler: the learning rate is a schedule already, expected a number.',
        );
      }
      const rate = rateFor(epoch, before);
      checkArgument('learningRateScheduler', `the rate of epoch ${epoch}`, rate, () => notNegative);
      optimizer.learningRate = rate;
      scheduled = epoch;
      say?.(`Epoch ${epoch + 1}: LearningRateScheduler setting learning rate to ${pythonRepr(rate)}.`);
    },
    state: () => ({ scheduled }),
    restore: (state) => {
      scheduled = Number(state['scheduled']);
    },
  };
}
