/** What many repeats of one measurement say. */

/** Of repeated measurements: the middle one, the quarters around it, and the ends. */
export interface Spread {
  readonly median: number;
  /** A quarter of the repeats lie below. */
  readonly low: number;
  /** A quarter of the repeats lie above. */
  readonly high: number;
  readonly min: number;
  readonly max: number;
}

/** Throws nothing: of no numbers at all every figure is NaN. */
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

export function middle(values: readonly number[]): number {
  return spreadOf(values).median;
}

/** Between two neighbours in proportion, as NumPy does by default. */
function quantile(sorted: readonly number[], share: number): number {
  const at = share * (sorted.length - 1);
  const [a, b] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return a === undefined || b === undefined ? Number.NaN : a + (b - a) * (at % 1);
}

export interface Rounds {
  /** How many are counted. */
  readonly rounds: number;
  /** When this time is over, fewer are enough, but not fewer than `least`. */
  readonly seconds: number;
  /** Default 3. */
  readonly least?: number;
}

/**
 * Runs each of `runs` once per round, one after the other, so that a slow moment of the machine meets all of them. A round
 * before the counted ones warms up.
 *
 * Resolves with what the runs returned: [run][round].
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
