/** Lowers the learning rate when a metric has stopped improving. */
import { UsageError } from '../../errors.js';
import { checkCall } from '../../calls.js';
import { type Rules, belowOne, countOrZero, finite, notNegative } from '../../options.js';
import { pythonRepr } from '../../python_numbers.js';
import type { Callback } from './callback.js';
import {
  type Listener,
  type Mode,
  checkMode,
  improvement,
  monitorRules,
  namesOf,
  once,
  toState,
  worstOf,
} from './monitor.js';

export interface ReduceLrOnPlateauOptions {
  /** Default 'val_loss'. */
  readonly monitor?: string;
  /** New rate = rate · factor; below 1. Default 0.1. */
  readonly factor?: number;
  /** Epochs without improvement before the rate is reduced. Default 10. */
  readonly patience?: number;
  /** 'auto' means 'max' if the name of the metric contains "acc", otherwise 'min'. Default 'auto'. */
  readonly mode?: Mode;
  /** Improvements must be larger than the absolute value of this. Default 1e-4. */
  readonly minDelta?: number;
  /** Epochs after a reduction that do not count as without improvement. Default 0. */
  readonly cooldown?: number;
  /** Lower bound of the rate. Default 0. */
  readonly minLr?: number;
  /** Called at each reduction with the line that Keras prints with verbose=1. */
  readonly say?: Listener;
  /** Called once if the metric is missing; training continues. Default console.warn. */
  readonly warn?: Listener;
}

const rules = (): Rules<ReduceLrOnPlateauOptions> => ({
  factor: belowOne,
  patience: countOrZero,
  minDelta: finite,
  cooldown: countOrZero,
  minLr: notNegative,
  ...monitorRules(),
});

/**
 * Multiplies the learning rate by `factor` when `monitor` has not improved for `patience` epochs; semantics and
 * defaults as in Keras 3.
 *
 *   improved:  value + |minDelta| < best  (mode max: value − |minDelta| > best); never for NaN
 *   new rate = max(rate · factor, minLr)
 *
 * The state is reset at the start of every training that is not resumed.
 * Throws: UsageError for options out of range, and, at the start of training, if the rate is a schedule.
 * Source: keras/src/callbacks/reduce_lr_on_plateau.py (behaviour).
 */
export function reduceLrOnPlateau(options: ReduceLrOnPlateauOptions = {}): Callback {
  checkCall('reduceLrOnPlateau', options, rules);
  const {
    monitor = 'val_loss',
    factor = 0.1,
    patience = 10,
    minDelta = 1e-4,
    cooldown = 0,
    minLr = 0,
    say,
    warn = console.warn,
  } = options;
  const mode = checkMode('reduceLrOnPlateau', options.mode ?? 'auto', warn);
  const direction = mode === 'auto' ? (monitor.includes('acc') ? 'max' : 'min') : mode;
  const isBetter = improvement(direction, minDelta);
  const warnOnce = once(warn);
  let best = worstOf(direction);
  let wait = 0;
  let cooling = 0;
  return {
    name: `reduceLrOnPlateau ${monitor}`,
    onTrainBegin: ({ model: { optimizer } }) => {
      rateOf(optimizer);
      best = worstOf(direction);
      wait = 0;
      cooling = 0;
    },
    onEpochEnd: (epoch, logs, { model: { optimizer } }) => {
      const now = logs[monitor];
      if (now === undefined) {
        warnOnce(
          `reduceLrOnPlateau: '${monitor}' is not among the metrics (${namesOf(logs)}), so the learning rate is not reduced.`,
        );
        return;
      }
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
      const rate = rateOf(optimizer);
      // Compared as f32, so that 0.1 · 0.1 is not above 0.01 because of its last bits.
      if (Math.fround(rate) <= Math.fround(minLr)) return;
      const lower = Math.max(rate * factor, minLr);
      optimizer.learningRate = lower;
      cooling = cooldown;
      wait = 0;
      say?.(`Epoch ${epoch + 1}: ReduceLROnPlateau reducing learning rate to ${pythonRepr(lower)}.`);
    },
    state: () => ({ best: toState(best), wait, cooling }),
    restore: (state) => {
      best = Number(state['best']);
      wait = Number(state['wait']);
      cooling = Number(state['cooling']);
    },
  };
}

function rateOf({ learningRate }: { readonly learningRate: unknown }): number {
  if (typeof learningRate === 'number') return learningRate;
  throw new UsageError(
    'reduceLrOnPlateau: the learning rate is a schedule, expected a number that can be lowered.',
  );
}
