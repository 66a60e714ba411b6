/**
 * The least and the most of any number of values. `Math.max(...values)` passes each as an argument, and from about a
 * hundred thousand on the call stack has no room for them.
 */

/** As `Math.min`: Infinity of nothing, NaN where one value is NaN. */
export function minOf(values: Iterable<number>): number {
  let least = Infinity;
  for (const value of values) least = Math.min(least, value);
  return least;
}

/** As `Math.max`: −Infinity of nothing, NaN where one value is NaN. */
export function maxOf(values: Iterable<number>): number {
  let most = -Infinity;
  for (const value of values) most = Math.max(most, value);
  return most;
}
