/** Stops training when a metric has stopped improving. */
import type { Callback } from './callback.js';
import { type Mode, betterBy, monitored } from './monitor.js';

export interface EarlyStoppingOptions {
  /** Default 'val_loss'. */
  readonly monitor?: string;
  /** Improvements up to this much do not count. Default 0. */
  readonly minDelta?: number;
  /** Epochs without improvement before stopping. Default 0. */
  readonly patience?: number;
  readonly mode?: Mode;
  /** Puts the best epoch's weights back at the end. Default false. */
  readonly restoreBestWeights?: boolean;
  /** Epochs at the start that do not count. Default 0. */
  readonly startFromEpoch?: number;
}

/**
 * Stops training when `monitor` has not improved for `patience` epochs; semantics and defaults as in Keras 3.
 *
 * Throws (while training): UsageError when the metric does not exist.
 * Source: keras/src/callbacks/early_stopping.py (behaviour).
 */
export function earlyStopping(options: EarlyStoppingOptions = {}): Callback {
  const {
    monitor = 'val_loss',
    minDelta = 0,
    patience = 0,
    mode = 'auto',
    restoreBestWeights = false,
    startFromEpoch = 0,
  } = options;
  const isBetter = betterBy(monitor, mode, minDelta);
  let best: number | null = null;
  let wait = 0;
  let bestWeights: Map<string, Float32Array<ArrayBuffer>> | undefined;
  return {
    name: 'earlyStopping',
    onTrainBegin: () => {
      bestWeights = undefined;
    },
    onEpochEnd: async (epoch, logs, training) => {
      if (epoch < startFromEpoch) return;
      const now = monitored('earlyStopping', monitor, logs);
      wait++;
      if (isBetter(now, best)) {
        best = now;
        wait = 0;
        if (restoreBestWeights) bestWeights = await training.model.weights();
      } else if (wait >= patience && epoch > 0) {
        training.stop();
      }
    },
    onTrainEnd: (_, { model }, isInterrupted) => {
      if (bestWeights && !isInterrupted) model.setWeights(bestWeights);
    },
    state: () => ({ best, wait }),
    restore: (state) => {
      best = state['best'] as number | null;
      wait = state['wait'] as number;
    },
  };
}
