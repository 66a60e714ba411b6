/**
 * Histograms with TensorFlow's bucket limits.
 *
 *   ±1e-12 · 1.1^i up to 1e20, 0, and ± the largest double; bucket b counts limit[b−1] ≤ value < limit[b]
 *
 * Source: TensorFlow's core/lib/histogram (behaviour).
 */

export interface Histogram {
  /** Over the finite values; 0 if there are none. */
  readonly min: number;
  readonly max: number;
  /** Number of finite values: NaN and infinities belong to no bucket. */
  readonly count: number;
  readonly sum: number;
  readonly sumOfSquares: number;
  /** Upper limits of the buckets, ascending; adjacent empty buckets are merged. */
  readonly limits: readonly number[];
  readonly counts: readonly number[];
}

const positive: number[] = [];
for (let limit = 1e-12; limit < 1e20; limit *= 1.1) positive.push(limit);
positive.push(Number.MAX_VALUE);

export const bucketLimits: readonly number[] = [...positive.map((limit) => -limit).reverse(), 0, ...positive];

/** Sums in float64. */
export function histogramOf(values: Float32Array): Histogram {
  const all = new Float64Array(bucketLimits.length);
  let [min, max, count, sum, sumOfSquares] = [Infinity, -Infinity, 0, 0, 0];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    all[bucketOf(value)]!++;
    min = Math.min(min, value);
    max = Math.max(max, value);
    count++;
    sum += value;
    sumOfSquares += value * value;
  }
  if (count === 0) [min, max] = [0, 0];
  const limits: number[] = [];
  const counts: number[] = [];
  all.forEach((inBucket, b) => {
    // An empty bucket is merged into the next one if that is empty too: only the last limit is kept.
    if (inBucket === 0 && counts.at(-1) === 0) limits.pop();
    else counts.push(inBucket);
    limits.push(bucketLimits[b]!);
  });
  return { min, max, count, sum, sumOfSquares, limits, counts };
}

/** The first bucket whose limit exceeds the value, by binary search. */
function bucketOf(value: number): number {
  let [low, high] = [0, bucketLimits.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (value < bucketLimits[middle]!) high = middle;
    else low = middle + 1;
  }
  return low;
}
