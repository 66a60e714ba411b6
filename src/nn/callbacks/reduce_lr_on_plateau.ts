/** Lowers the learning rate when a metric has stopped improving. */
import { UsageError } from '../../errors.js';
import type { Callback } from './callback.js';
import { type Mode, betterBy, monitored } from './monitor.js';

export interface ReduceLrOnPlateauOptions {
  /** Default 'val_loss'. */
  readonly monitor?: string;
  /** New rate = rate · factor. Default 0.1. */
  readonly factor?: number;
  /** Epochs without improvement before lowering. Default 10. */
  readonly patience?: number;
  readonly mode?: Mode;
  /** Improvements up to this much do not count. Default 1e-4. */
  readonly minDelta?: number;
  /** Epochs after a reduction that do not count. Default 0. */
  readonly cooldown?: number;
  /** Default 0. */
  readonly minLr?: number;
  /** Hears of each reduction. */
  readonly onReduce?: (message: string) => void;
}

/**
 * Multiplies the learning rate by `factor` when `monitor` has not improved for `patience` epochs; semantics and
 * defaults as in Keras 3.
 *
 * Throws: UsageError for a factor of 1 or more, (while training) when the metric does not exist or the rate is a schedule.
 * Source: keras/src/callbacks/reduce_lr_on_plateau.py (behaviour).
 */
export function reduceLrOnPlateau(options: ReduceLrOnPlateauOptions = {}): Callback {
  const {
    monitor = 'val_loss',
    factor = 0.1,
    patience = 10,
    mode = 'auto',
    minDelta = 1e-4,
    cooldown = 0,
    minLr = 0,
    onReduce,
  } = options;
  if (!(factor < 1))
    throw new UsageError(`reduceLrOnPlateau: factor is ${factor}, expected a number below 1.`);
  const isBetter = betterBy(monitor, mode, minDelta);
  let best: number | null = null;
  let wait = 0;
  let cooling = 0;
  return {
    name: 'reduceLrOnPlateau',
    onEpochEnd: (epoch, logs, { model: { optimizer } }) => {
      const now = monitored('reduceLrOnPlateau', monitor, logs);
      if (cooling > 0) {
        cooling--;
        wait = 0;
      }
      if (isBetter(now, best)) {
        best = now;
        wait = 0;
        return;
      }
      if (cooling > 0 || ++wait < patience) return;
      const rate = optimizer.learningRate;
      if (typeof rate !== 'number')
        throw new UsageError('reduceLrOnPlateau: the learning rate is a schedule, expected a number.');
      if (rate <= minLr) return;
      optimizer.learningRate = Math.max(rate * factor, minLr);
      cooling = cooldown;
      wait = 0;
      onReduce?.(
        `Epoch ${epoch + 1}: reduceLrOnPlateau reducing learning rate to ${optimizer.learningRate}.`,
      );
    },
    state: () => ({ best, wait, cooling }),
    restore: (state) => {
      best = state['best'] as number | null;
      wait = state['wait'] as number;
      cooling = state['cooling'] as number;
    },
  };
}
