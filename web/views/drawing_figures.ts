/** Probabilities as figures: rows, the likeliest class, percentages. */

/** With more classes than this only the likeliest are shown. */
const mostRows = 12;

export interface Row {
  readonly label: number;
  readonly name: string;
  readonly share: number;
  /** Before something was learned; undefined where that is not the question. */
  readonly shareBefore: number | undefined;
}

/** All classes in their order, or the likeliest where there are many. */
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

/** What to say where `winnerOf` finds none. */
export const nanText = 'The network outputs NaN.';

/** The likeliest class; −1 where any probability is NaN, as after a training that diverged: then none means anything. */
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
