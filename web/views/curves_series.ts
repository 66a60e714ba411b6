/**
 * Data of a curve: the value of each step, the running mean, and decimation of many points to few pixels.
 */

/** Decay per step: the mean covers about thirty steps. */
const memory = 1 - 1 / 30;

/** A growing series with one number per step. NaN is kept but does not enter the mean. */
export class StepSeries {
  /** Rising. */
  readonly steps: number[] = [];
  readonly values: number[] = [];
  /**
   * Bias-corrected exponential moving average; NaN before the first number.
   *
   *   m₀ = 0, mₜ = β·mₜ₋₁ + (1 − β)·vₜ, mean = mₜ / (1 − βᵗ)   with β = 29/30
   *
   * Source: Kingma and Ba 2015, section 3.
   */
  readonly means: number[] = [];
  /** mₜ and 1 − βᵗ per step, so that the last steps can be removed. */
  readonly #sums: number[] = [];
  readonly #weights: number[] = [];

  get length(): number {
    return this.steps.length;
  }

  /** Removes existing steps from the first new one on: a training resumes from its checkpoint. */
  add(step: number, value: number): void {
    if (step <= (this.steps.at(-1) ?? -Infinity)) this.#truncate(placeOf(this.steps, step));
    const sum = this.#sums.at(-1) ?? 0;
    const weight = this.#weights.at(-1) ?? 0;
    const counts = Number.isFinite(value);
    this.steps.push(step);
    this.values.push(value);
    this.#sums.push(counts ? memory * sum + (1 - memory) * value : sum);
    this.#weights.push(counts ? memory * weight + (1 - memory) : weight);
    this.means.push(this.#sums.at(-1)! / this.#weights.at(-1)!);
  }

  clear(): void {
    this.#truncate(0);
  }

  #truncate(length: number): void {
    for (const list of [this.steps, this.values, this.means, this.#sums, this.#weights]) list.length = length;
  }
}

/** Index of the first number in an ascending list that is at least `value`; the length if there is none. */
export function placeOf(rising: readonly number[], value: number): number {
  let low = 0;
  let high = rising.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rising[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Index of the number nearest to `value`; −1 for an empty list. */
export function nearestPlace(rising: readonly number[], value: number): number {
  const behind = placeOf(rising, value);
  if (behind === 0) return rising.length === 0 ? -1 : 0;
  if (behind === rising.length) return behind - 1;
  return value - rising[behind - 1]! <= rising[behind]! - value ? behind - 1 : behind;
}

/**
 * Decimates (x, y) to `columns` pixel columns: keeps the first, lowest, highest and last point of each column, in
 * order. No peak is lost, and a line has at most four points per column.
 *
 * Returns indices; all of them for few points. Drops points that are not finite.
 */
export function drawnPlaces(xs: readonly number[], ys: readonly number[], columns: number): number[] {
  const all = xs.length <= 2 * columns;
  const first = xs[0] ?? 0;
  const perColumn = (xs.at(-1)! - first) / columns || 1;
  const drawn: number[] = [];
  let column = -1;
  let [start, low, high, end] = [-1, -1, -1, -1];
  const flush = (): void => {
    if (start < 0) return;
    const places = low < high ? [start, low, high, end] : [start, high, low, end];
    places.forEach((place, i) => {
      if (place !== places[i - 1]) drawn.push(place);
    });
    start = -1;
  };
  for (let i = 0; i < xs.length; i++) {
    if (!Number.isFinite(ys[i])) continue;
    if (all) {
      drawn.push(i);
      continue;
    }
    const at = Math.floor((xs[i]! - first) / perColumn);
    if (at !== column) flush();
    column = at;
    if (start < 0) start = low = high = i;
    if (ys[i]! < ys[low]!) low = i;
    if (ys[i]! > ys[high]!) high = i;
    end = i;
  }
  flush();
  return drawn;
}

/** Minimum and maximum of the finite numbers, with `isPositive` of those above 0; null if there are none. */
export function limitsOf(
  lists: readonly (readonly number[])[],
  isPositive = false,
): { readonly min: number; readonly max: number } | null {
  let min = Infinity;
  let max = -Infinity;
  for (const list of lists) {
    for (const value of list) {
      if (!Number.isFinite(value) || (isPositive && value <= 0)) continue;
      if (value < min) min = value;
      if (value > max) max = value;
    }
  }
  return min <= max ? { min, max } : null;
}
