/** Searches for a learning rate: trains with a rate that grows from step to step, and finds where the loss falls fastest. */
import { checkCall } from '../../calls.js';
import { UsageError } from '../../errors.js';
import { augmentRules } from '../../augment_options.js';
import {
  type Rules,
  count,
  nested,
  positive,
  seed as seedRule,
  signal as signalRule,
} from '../../options.js';
import type { Callback } from '../callbacks/callback.js';
import { callbacksRule } from '../callbacks/callbacks_rule.js';
import type { LabelledSamples } from '../samples/samples.js';
import { memoryRules } from './memory_room.js';
import type { Model } from '../model.js';
import { readGroups } from '../parameters/parameters.js';
import type { Sums } from './task.js';
import type { FitOptions } from './training.js';

export interface RateSearchOptions extends Pick<
  FitOptions,
  'batchSize' | 'microBatchSize' | 'memory' | 'augmentation' | 'seed' | 'signal' | 'callbacks'
> {
  /** The rate of the first step. Default 1e-6. */
  readonly from?: number;
  /** The rate of the last step. Default 1. */
  readonly to?: number;
  /** Default 100. */
  readonly steps?: number;
}

export interface RateSearch {
  /** The rate of each step. */
  readonly rates: readonly number[];
  /** The loss of each step's batch before its update. */
  readonly losses: readonly number[];
  /** The losses, averaged over earlier steps. */
  readonly smoothed: readonly number[];
  /** The rate at which the smoothed loss falls fastest; undefined if it never falls. */
  readonly suggestion: number | undefined;
}

const rules = (): Rules<RateSearchOptions> => ({
  from: positive,
  to: positive,
  steps: count,
  batchSize: count,
  microBatchSize: count,
  augmentation: nested(augmentRules()),
  seed: seedRule,
  signal: signalRule,
  callbacks: callbacksRule(),
  ...memoryRules(),
});

/** The weight of earlier losses in the average. */
const smoothing = 0.9;
/** The search ends once the smoothed loss exceeds its minimum by this factor. */
const divergence = 4;
/** The first losses say nothing about the slope, because the average has only begun. */
const warmup = 5;

/**
 * Trains a compiled model for some steps with exponentially growing rates, and restores its weights, optimizer slots and
 * step afterwards.
 *
 *   rate(s) = from · (to / from)^(s / (steps − 1))
 *   smoothed(s) = Σ_i 0.9^(s−i) · loss(i) / Σ_i 0.9^(s−i)
 *
 * The search ends early when the smoothed loss exceeds four times its minimum, or is NaN. The suggestion is the rate with the
 * steepest fall of the smoothed loss over log(rate), before its minimum: a good constant rate, and about a third of a good
 * peak for a schedule.
 *
 * Throws: UsageError for options out of range; StateError and others, like `fit`. Source: Smith 2017, "Cyclical learning
 * rates"; the choice of the steepest point as in fastai and PyTorch Lightning.
 */
export async function findLearningRate(
  model: Model,
  samples: LabelledSamples,
  options: RateSearchOptions = {},
): Promise<RateSearch> {
  checkCall('findLearningRate', options, rules);
  const { from = 1e-6, to = 1, steps = 100, callbacks = [], ...fitOptions } = options;
  if (to <= from)
    throw new UsageError(`findLearningRate: to is ${to}, expected more than from, which is ${from}.`);
  const { optimizer, state } = model;
  const groups = [...state.groups, ...model.slots.values()];
  const values = await readGroups(model.device, groups);
  const { step } = state;
  const { learningRate } = optimizer;
  const rates: number[] = [];
  const losses: number[] = [];
  const smoothed: number[] = [];
  const rateOf = (index: number): number => from * (to / from) ** (index / Math.max(1, steps - 1));
  let before: Sums = {};
  const recorder: Callback = {
    onEpochBegin: () => {
      before = {};
    },
    onBatchEnd: (_, __, training) => {
      if (rates.length === steps) return;
      const { sums } = training.position();
      const loss = (sums['loss']! - (before['loss'] ?? 0)) / (sums['count']! - (before['count'] ?? 0));
      before = sums;
      rates.push(rateOf(rates.length));
      losses.push(loss);
      smoothed.push(averageOf(losses));
      const least = Math.min(...smoothed);
      const last = smoothed.at(-1)!;
      if (rates.length === steps || !(last <= divergence * least)) training.stop();
    },
  };
  try {
    optimizer.learningRate = rateOf;
    // As many epochs as the steps can need; the recorder stops earlier.
    await model.fit(samples, { ...fitOptions, epochs: steps, callbacks: [...callbacks, recorder] });
  } finally {
    optimizer.learningRate = learningRate;
    groups.forEach((group, i) => group.write(values[i]!));
    state.step = step;
  }
  return { rates, losses, smoothed, suggestion: steepest(rates, smoothed) };
}

function averageOf(losses: readonly number[]): number {
  let [sum, weights] = [0, 0];
  for (const loss of losses) {
    sum = smoothing * sum + loss;
    weights = smoothing * weights + 1;
  }
  return sum / weights;
}

/** The rate before the minimum at which the loss falls fastest. */
function steepest(rates: readonly number[], losses: readonly number[]): number | undefined {
  const shown = losses.filter((loss) => Number.isFinite(loss));
  const lowest = losses.indexOf(Math.min(...shown));
  let best: number | undefined;
  let slope = 0;
  for (let i = warmup; i < lowest; i++) {
    const fall = losses[i + 1]! - losses[i - 1]!;
    if (fall < slope) [slope, best] = [fall, rates[i]];
  }
  return best;
}
