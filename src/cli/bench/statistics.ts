/** Statistics of repeated measurements. */

/** The median, quartiles and extremes of repeated measurements. */
export interface Spread {
  readonly median: number;
  /** The lower quartile. */
  readonly low: number;
  /** The upper quartile. */
  readonly high: number;
  readonly min: number;
  readonly max: number;
}

/** All members are NaN if there are no values. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  return {
    median: quantile(sorted, 0.5),
    low: quantile(sorted, 0.25),
    high: quantile(sorted, 0.75),
    min: quantile(sorted, 0),
    max: quantile(sorted, 1),
  };
}

export function medianOf(values: readonly number[]): number {
  return spreadOf(values).median;
}

/** Interpolates linearly between neighbours, as NumPy does by default. */
function quantile(sorted: readonly number[], share: number): number {
  const at = share * (sorted.length - 1);
  const [a, b] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return a === undefined || b === undefined ? Number.NaN : a + (b - a) * (at % 1);
}

export interface Rounds {
  /** The number of timed rounds. */
  readonly rounds: number;
  /** After this time, fewer rounds are enough, but not fewer than `least`. */
  readonly seconds: number;
  /** Default 3. */
  readonly least?: number;
}

/**
 * Runs each of `runs` once per round, one after the other, so that a slow phase of the machine affects all of them. An
 * additional first round warms up.
 *
 * Resolves with the returned values: [run][round].
 */
export async function interleave(
  runs: readonly (() => Promise<number>)[],
  { rounds, seconds, least = 3 }: Rounds,
): Promise<number[][]> {
  const results: number[][] = runs.map(() => []);
  for (const run of runs) await run();
  const started = performance.now();
  for (let round = 0; round < rounds; round++) {
    if (round >= least && performance.now() - started > seconds * 1000) break;
    for (const [i, run] of runs.entries()) results[i]!.push(await run());
  }
  return results;
}
