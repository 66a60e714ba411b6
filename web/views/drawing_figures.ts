/** Formats probabilities: rows, most likely class, percentages. */

/** With more classes, only the most likely are shown. */
const mostRows = 12;

export interface Row {
  readonly label: number;
  readonly name: string;
  readonly share: number;
  /** Probability before a correction; undefined without one. */
  readonly shareBefore: number | undefined;
}

/** All classes in order, or the most likely of many. */
export function rowsOf(
  probabilities: ArrayLike<number>,
  names: readonly string[],
  before?: ArrayLike<number>,
): Row[] {
  const rows = Array.from(probabilities, (share, label): Row => {
    return { label, name: names[label] ?? String(label), share, shareBefore: before?.[label] };
  });
  if (rows.length <= mostRows) return rows;
  return rows.sort((a, b) => b.share - a.share).slice(0, 10);
}

/** Text if `winnerOf` finds no class. */
export const nanText = 'The network outputs NaN.';

/** The most likely class; −1 if any probability is NaN, as after a diverged training. */
export function winnerOf(probabilities: ArrayLike<number>): number {
  let winner = -1;
  let most = -Infinity;
  for (let label = 0; label < probabilities.length; label++) {
    const share = probabilities[label] as number;
    if (Number.isNaN(share)) return -1;
    if (share > most) [winner, most] = [label, share];
  }
  return winner;
}
