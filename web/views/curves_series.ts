/**
 * The numbers behind a curve: each step's value, the running mean through them, and what is left to draw of many
 * points on few pixels.
 */

/** Weight of what came before, per step: the mean reaches back over some thirty steps. */
const memory = 1 - 1 / 30;

/** A number per step, growing. NaN (an overflow) is kept, and left out of the mean. */
export class StepSeries {
  /** Rising. */
  readonly steps: number[] = [];
  readonly values: number[] = [];
  /**
   * Exponential moving mean, without the bias towards 0 at its beginning; NaN before the first number.
   *
   *   m₀ = 0, mₜ = β·mₜ₋₁ + (1 − β)·vₜ, mean = mₜ / (1 − βᵗ)   with β = 29/30
   *
   * Source: Kingma and Ba 2015, section 3.
   */
  readonly means: number[] = [];
  /** Of each place: mₜ, and 1 − βᵗ; so that the last steps can be taken back. */
  readonly #sums: number[] = [];
  readonly #weights: number[] = [];

  get length(): number {
    return this.steps.length;
  }

  /** Steps that are there already, and those behind them, are taken back: a training goes on from its checkpoint. */
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

/** The first place in a rising list whose number is not below `value`; its length where there is none. */
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

/** The place of the number nearest to `value`; −1 in an empty list. */
export function nearestPlace(rising: readonly number[], value: number): number {
  const behind = placeOf(rising, value);
  if (behind === 0) return rising.length === 0 ? -1 : 0;
  if (behind === rising.length) return behind - 1;
  return value - rising[behind - 1]! <= rising[behind]! - value ? behind - 1 : behind;
}

/**
 * What to draw of (x, y) on `columns` columns of pixels: of each column its first, lowest, highest and last point, in
 * their order. So no peak is lost, and a line has at most four points per column.
 *
 * Returns places in the lists; all of them where there are few. Points that are not finite are left out.
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

/** Least and greatest of the numbers that are finite, and above 0 where `isPositive`; null without any. */
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
