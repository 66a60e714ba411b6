/**
 * Minimum and maximum of any number of values. `Math.max(...values)` passes each value as an argument and overflows the
 * stack from about a hundred thousand on.
 */

/** Like `Math.min`: Infinity for no values, NaN if a value is NaN. */
export function minOf(values: Iterable<number>): number {
  let least = Infinity;
  for (const value of values) least = Math.min(least, value);
  return least;
}

/** Like `Math.max`: −Infinity for no values, NaN if a value is NaN. */
export function maxOf(values: Iterable<number>): number {
  let most = -Infinity;
  for (const value of values) most = Math.max(most, value);
  return most;
}
