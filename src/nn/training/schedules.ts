/**
 * Learning rates that change from step to step. The host computes the rates of an epoch in advance and writes them to the
 * device as a table, so a schedule costs nothing per step and gives the same rates on every device.
 *
 * Letters: s a step, counted from 0 over the whole training; T all its steps; e = s / (steps per epoch).
 */
import { UsageError } from '../../errors.js';
import { checkArgument, checkCall } from '../../calls.js';
import {
  type Rules,
  belowOne,
  countOrZero,
  either,
  list,
  notNegative,
  positive,
  required,
  rule,
  within,
  wrong,
} from '../../options.js';

/** The planned length of a training. */
export interface ScheduleLength {
  readonly totalSteps: number;
  readonly stepsPerEpoch: number;
}

/** The rate of a step, counted from 0 over the whole training. */
export type Schedule = (step: number, length: ScheduleLength) => number;
export type LearningRate = number | Schedule;

export const rateRule = () =>
  either(
    notNegative,
    rule('a schedule', (value) => typeof value === 'function'),
  );

export interface CosineDecayOptions {
  readonly peak: number;
  /** Default 0. */
  readonly last?: number;
  /** Share of the training in which the rate rises. Default 0. */
  readonly warmup?: number;
}

const cosineRules = (): Rules<CosineDecayOptions> => ({
  peak: required(notNegative),
  last: notNegative,
  warmup: within(0, 1),
});

/**
 * Warms up linearly over the first `warmup` share of training, then falls along half a cosine.
 *
 *   rate(s) = peak · (s + 1) / (w + 1)                    for s < w = warmup · T
 *   rate(s) = last + (peak − last) · (1 + cos(π·t)) / 2   with t = (s − w) / (T − w)
 *
 * Throws: UsageError for options out of range. Source: Loshchilov and Hutter 2017.
 */
export function cosineDecay(options: CosineDecayOptions): Schedule {
  checkCall('schedules.cosineDecay', options, cosineRules);
  const { peak, last = 0, warmup = 0 } = options;
  return (step, { totalSteps }) => {
    const warmSteps = warmup * totalSteps;
    if (step < warmSteps) return (peak * (step + 1)) / (warmSteps + 1);
    const progress = Math.min(1, (step - warmSteps) / Math.max(1, totalSteps - warmSteps));
    return between(peak, last, progress);
  };
}

export interface DecayOptions {
  readonly rate: number;
  readonly factor: number;
  /** Epochs between multiplications by `factor`; may be fractional. Default 1. */
  readonly every?: number;
}

const decayRules = (): Rules<DecayOptions> => ({
  rate: required(notNegative),
  factor: required(notNegative),
  every: positive,
});

/**
 * Multiplies the rate by `factor` every so many epochs.
 *
 *   rate(s) = rate · factor^⌊e / every⌋
 *
 * Throws: UsageError unless `every` is positive.
 */
export function stepDecay(options: DecayOptions): Schedule {
  checkCall('schedules.stepDecay', options, decayRules);
  const { rate, factor, every = 1 } = options;
  return (step, { stepsPerEpoch }) => rate * factor ** Math.floor(step / (every * stepsPerEpoch));
}

/**
 * Multiplies the rate by `factor` every so many epochs, continuously: a little in each step.
 *
 *   rate(s) = rate · factor^(e / every)
 *
 * Throws: UsageError unless `every` is positive.
 */
export function exponentialDecay(options: DecayOptions): Schedule {
  checkCall('schedules.exponentialDecay', options, decayRules);
  const { rate, factor, every = 1 } = options;
  return (step, { stepsPerEpoch }) => rate * factor ** (step / (every * stepsPerEpoch));
}

export interface PiecewiseConstantOptions {
  readonly boundaries: readonly number[];
  readonly rates: readonly number[];
}

const piecewiseRules = (): Rules<PiecewiseConstantOptions> => ({
  boundaries: required(list('a list of positive numbers', positive)),
  rates: required(list('a list of non-negative numbers', notNegative)),
});

/**
 * A constant rate between boundaries.
 *
 *   rate(s) = rates[i]   with i the number of boundaries ≤ e
 *
 * Units: boundaries in epochs from the start; they may be fractional.
 * Throws: UsageError for options out of range, boundaries that do not increase, or a number of rates other than that of
 * boundaries plus one.
 */
export function piecewiseConstant(options: PiecewiseConstantOptions): Schedule {
  checkCall('schedules.piecewiseConstant', options, piecewiseRules);
  const { boundaries, rates } = options;
  if (rates.length !== boundaries.length + 1) {
    throw new UsageError(
      `schedules.piecewiseConstant: ${rates.length} rates for ${boundaries.length} boundaries, expected ${boundaries.length + 1}.`,
    );
  }
  if (boundaries.some((boundary, i) => !(boundary > (boundaries[i - 1] ?? 0)))) {
    throw new UsageError(
      `schedules.piecewiseConstant: the boundaries are ${boundaries.join(', ')}, expected epochs above 0 that rise.`,
    );
  }
  return (step, { stepsPerEpoch }) =>
    rates[boundaries.filter((boundary) => boundary * stepsPerEpoch <= step).length]!;
}

export interface OneCycleOptions {
  readonly peak: number;
  /** Share of the training in which the rate rises. Default 0.3. */
  readonly warmup?: number;
  /** Default 25. */
  readonly startDivisor?: number;
  /** Default 1e4. */
  readonly endDivisor?: number;
}

const oneCycleRules = (): Rules<OneCycleOptions> => ({
  peak: required(notNegative),
  warmup: within(0, 1),
  startDivisor: positive,
  endDivisor: positive,
});

/**
 * Rises from a small rate to `peak`, then falls to a much smaller one, each along half a cosine.
 *
 *   rate(s) = peak/start → peak            for s ≤ u = warmup · T − 1, cosine in s / u
 *   rate(s) = peak → peak/start/end        after, cosine in (s − u) / (T − 1 − u)
 *
 * `startDivisor` and `endDivisor` are `div_factor` and `final_div_factor` of PyTorch's OneCycleLR, whose defaults and
 * values these are (two phases, 'cos').
 * Throws: UsageError for options out of range.
 * Source: Smith and Topin 2018, Super-Convergence.
 */
export function oneCycle(options: OneCycleOptions): Schedule {
  checkCall('schedules.oneCycle', options, oneCycleRules);
  const { peak, warmup = 0.3, startDivisor = 25, endDivisor = 1e4 } = options;
  const first = peak / startDivisor;
  const last = first / endDivisor;
  return (step, { totalSteps }) => {
    const up = warmup * totalSteps - 1;
    if (up > 0 && step <= up) return between(first, peak, step / up);
    const down = totalSteps - 1 - Math.max(0, up);
    return between(peak, last, down > 0 ? Math.min(1, (step - Math.max(0, up)) / down) : 1);
  };
}

interface WarmupOptions {
  readonly steps?: number;
  readonly share?: number;
}

const warmupRules = (): Rules<WarmupOptions> => ({ steps: countOrZero, share: belowOne });

/**
 * Rises linearly to the first rate of another schedule, or to a constant rate, and then follows it.
 *
 *   rate(s) = r(0) · (s + 1) / (w + 1)   for s < w
 *   rate(s) = r(s − w)                   after, planned for T − w steps
 *
 * `steps` gives w, or `share` a share of the training, rounded to whole steps.
 * Throws: UsageError unless exactly one of them is given, within its range.
 */
export function warmup(
  rate: LearningRate,
  options: { readonly steps: number } | { readonly share: number },
): Schedule {
  checkArgument('schedules.warmup', 'rate', rate, rateRule);
  checkCall<WarmupOptions>('schedules.warmup', options, warmupRules);
  const { steps, share } = options as WarmupOptions;
  if ((steps === undefined) === (share === undefined))
    throw new UsageError(`schedules.warmup: steps is ${steps} and share is ${share}, expected one of them.`);
  const after: Schedule = typeof rate === 'number' ? () => rate : rate;
  return (step, { totalSteps, stepsPerEpoch }) => {
    const warmSteps = steps ?? Math.round((share ?? 0) * totalSteps);
    const rest = { totalSteps: Math.max(1, totalSteps - warmSteps), stepsPerEpoch };
    return step < warmSteps ? (after(0, rest) * (step + 1)) / (warmSteps + 1) : after(step - warmSteps, rest);
  };
}

/** Half a cosine from `start` to `end`, for t from 0 to 1. */
function between(start: number, end: number, t: number): number {
  return end + ((start - end) * (1 + Math.cos(Math.PI * t))) / 2;
}

/** The rates of steps first … first + count − 1. Throws: UsageError if a schedule returns something else. */
export function ratesOf(rate: LearningRate, first: number, count: number, length: ScheduleLength): number[] {
  return Array.from({ length: count }, (_, i) => {
    const value = typeof rate === 'function' ? rate(first + i, length) : rate;
    const expected = notNegative(value, '', '');
    if (expected !== undefined) throw wrong('fit', `the learning rate of step ${first + i}`, value, expected);
    return value;
  });
}
