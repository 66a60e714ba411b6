/** Stops training when a metric has stopped improving. */
import { checkCall } from '../../calls.js';
import { type Rules, countOrZero, finite, flag } from '../../options.js';
import type { Callback } from './callback.js';
import {
  type Listener,
  type Mode,
  checkMode,
  directionOf,
  improvement,
  monitorRules,
  namesOf,
  once,
  toState,
  worstOf,
} from './monitor.js';

export interface EarlyStoppingOptions {
  /** Default 'val_loss'. */
  readonly monitor?: string;
  /** Improvements must be larger than the absolute value of this. Default 0. */
  readonly minDelta?: number;
  /** Epochs without improvement before stopping; the first epoch never stops. Default 0. */
  readonly patience?: number;
  /** Default 'auto': down for losses, up for accuracies. */
  readonly mode?: Mode;
  /** Epochs count as not improved until the metric is better than this. Default none. */
  readonly baseline?: number;
  /** Restores the weights of the best epoch at the end, even if all epochs were trained. Default false. */
  readonly restoreBestWeights?: boolean;
  /** Epochs at the start during which nothing is monitored. Default 0. */
  readonly startFromEpoch?: number;
  /** Called with the lines that Keras prints with verbose=1: early stopping, and the epoch of the restored weights. */
  readonly say?: Listener;
  /** Called once if the metric is missing; training continues. Default console.warn. */
  readonly warn?: Listener;
}

const rules = (): Rules<EarlyStoppingOptions> => ({
  minDelta: finite,
  patience: countOrZero,
  baseline: finite,
  restoreBestWeights: flag,
  startFromEpoch: countOrZero,
  ...monitorRules(),
});

/**
 * Stops training when `monitor` has not improved for `patience` epochs; semantics and defaults as in Keras 3.
 *
 *   improved:  value + |minDelta| < best  (mode max: value − |minDelta| > best); never for NaN
 *
 * The state is reset at the start of every training that is not resumed. A training that a signal interrupts keeps its last
 * weights, so that it can be resumed; its checkpoint contains the best ones.
 * Memory: one copy of the weights on the host with `restoreBestWeights`.
 * Throws: UsageError for options out of range, and if mode 'auto' does not know the metric.
 * Source: keras/src/callbacks/early_stopping.py (behaviour).
 */
export function earlyStopping(options: EarlyStoppingOptions = {}): Callback {
  checkCall('earlyStopping', options, rules);
  const {
    monitor = 'val_loss',
    patience = 0,
    baseline,
    restoreBestWeights = false,
    startFromEpoch = 0,
    say,
    warn = console.warn,
  } = options;
  const mode = checkMode('earlyStopping', options.mode ?? 'auto', warn);
  const direction = directionOf('earlyStopping', monitor, mode);
  const isBetter = improvement(direction, options.minDelta);
  const warnOnce = once(warn);
  let best = worstOf(direction);
  let wait = 0;
  let stoppedEpoch = 0;
  let bestEpoch = 0;
  let bestWeights: ReadonlyMap<string, Float32Array<ArrayBuffer>> | undefined;
  return {
    name: `earlyStopping ${monitor}`,
    onTrainBegin: () => {
      best = worstOf(direction);
      wait = 0;
      stoppedEpoch = 0;
      bestEpoch = 0;
      bestWeights = undefined;
    },
    onEpochEnd: async (epoch, logs, training) => {
      const now = logs[monitor];
      if (now === undefined) {
        warnOnce(
          `earlyStopping: '${monitor}' is not among the metrics (${namesOf(logs)}), so it never stops training.`,
        );
        return;
      }
      if (epoch < startFromEpoch) return;
      const isBest = isBetter(now, best);
      // The first weights are the best so far, even if their metric is NaN.
      if (restoreBestWeights && (isBest || !bestWeights)) {
        bestWeights = await training.model.weights();
        bestEpoch = epoch;
      }
      wait++;
      if (isBest) {
        best = now;
        bestEpoch = epoch;
        if (baseline === undefined || isBetter(now, baseline)) wait = 0;
      } else if (wait >= patience && epoch > 0) {
        stoppedEpoch = epoch;
        training.stop();
      }
    },
    onTrainEnd: (_, { model }, isInterrupted) => {
      if (stoppedEpoch > 0) say?.(`Epoch ${stoppedEpoch + 1}: early stopping`);
      if (!bestWeights || isInterrupted) return;
      say?.(`Restoring model weights from the end of the best epoch: ${bestEpoch + 1}.`);
      model.setWeights(bestWeights);
    },
    state: () => ({ best: toState(best), wait, bestEpoch }),
    tensors: () => bestWeights,
    restore: (state, tensors) => {
      best = Number(state['best']);
      wait = Number(state['wait']);
      bestEpoch = Number(state['bestEpoch']);
      if (restoreBestWeights && tensors.size > 0) bestWeights = tensors;
    },
  };
}
