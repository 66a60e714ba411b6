/**
 * Learning rates that change from step to step. The host works out an epoch's rates ahead and hands them to the
 * device as a table, so a schedule costs nothing per step and gives the same rates everywhere.
 */

/** The rate of a step: `step` counts from 0 over the whole training, `totalSteps` is its planned length. */
export type Schedule = (step: number, totalSteps: number) => number;
export type LearningRate = number | Schedule;

/**
 * Warms up linearly over the first `warmup` share of training, then falls along half a cosine.
 *
 *   rate(s) = peak · s / w                                for s < w = warmup · total
 *   rate(s) = last + (peak − last) · (1 + cos(π·t)) / 2   with t = (s − w) / (total − w)
 *
 * Source: Loshchilov and Hutter 2017.
 */
export function cosineDecay({
  peak,
  last = 0,
  warmup = 0,
}: {
  readonly peak: number;
  readonly last?: number;
  readonly warmup?: number;
}): Schedule {
  return (step, totalSteps) => {
    const warmSteps = warmup * totalSteps;
    if (step < warmSteps) return (peak * (step + 1)) / (warmSteps + 1);
    const progress = Math.min(1, (step - warmSteps) / Math.max(1, totalSteps - warmSteps));
    return last + ((peak - last) * (1 + Math.cos(Math.PI * progress))) / 2;
  };
}

/** The rates of steps first … first + count − 1. */
export function ratesOf(
  rate: LearningRate,
  first: number,
  count: number,
  totalSteps: number,
): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: count }, (_, i) =>
    typeof rate === 'number' ? rate : rate(first + i, totalSteps),
  );
}
