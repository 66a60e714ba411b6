/**
 * Sparse confusion matrix. Stores only pairs that occur: 10,000 classes make 100 million pairs, but a test set has a
 * few thousand images.
 */
import { type Rule, countOrZero, list } from '../options.js';

export interface ConfusionCell {
  readonly truth: number;
  readonly guess: number;
  /** Images, at least 1. */
  readonly count: number;
}

export interface Confusion {
  /** Number of classes, including those without images. */
  readonly classes: number;
  /** Sorted by true class, then by prediction. */
  readonly cells: readonly ConfusionCell[];
}

/** counts[truth][guess], zeros included. */
export type ConfusionRows = readonly (readonly number[])[];

export function countConfusion(
  pairs: Iterable<{ readonly truth: number; readonly guess: number }>,
  classes: number,
): Confusion {
  const counts = new Map<number, number>();
  for (const { truth, guess } of pairs) {
    const key = truth * classes + guess;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const cells = [...counts]
    .sort(([a], [b]) => a - b)
    .map(([key, count]) => ({ truth: Math.floor(key / classes), guess: key % classes, count }));
  return { classes, cells };
}

/** Converts either form to pairs. */
export function asConfusion(counts: Confusion | ConfusionRows): Confusion {
  if ('cells' in counts) return counts;
  const cells = counts.flatMap((row, truth) =>
    row.flatMap((count, guess) => (count === 0 ? [] : [{ truth, guess, count }])),
  );
  return { classes: counts.length, cells };
}

export function confusionRule(): Rule {
  const row = list('a row of counts', countOrZero);
  const expected = 'counts[truth][guess], or the result of evaluate()';
  return (value, who, name) => {
    if (typeof value === 'object' && value !== null && 'cells' in value && Array.isArray(value.cells))
      return undefined;
    if (list(expected, row)(value, who, name) !== undefined) return expected;
    const isSquare = (value as ConfusionRows).every(({ length }, _, rows) => length === rows.length);
    return isSquare ? undefined : 'as many counts in each row as there are rows';
  };
}

/** All pairs, as many as the square of the classes. */
export function confusionRows({ classes, cells }: Confusion): number[][] {
  const rows = Array.from({ length: classes }, () => Array.from({ length: classes }, () => 0));
  for (const { truth, guess, count } of cells) rows[truth]![guess] = count;
  return rows;
}

/** The pairs among some classes, renumbered by their index in `labels`. */
export function amongLabels({ cells }: Confusion, labels: readonly number[]): Confusion {
  const placeOf = new Map(labels.map((label, place) => [label, place]));
  const inside = cells.flatMap(({ truth, guess, count }) => {
    const [row, column] = [placeOf.get(truth), placeOf.get(guess)];
    return row === undefined || column === undefined ? [] : [{ truth: row, guess: column, count }];
  });
  return { classes: labels.length, cells: inside };
}

/** Number of images per class, by label. */
export function supports({ classes, cells }: Confusion): number[] {
  const images = Array.from({ length: classes }, () => 0);
  for (const { truth, count } of cells) images[truth]! += count;
  return images;
}

/** Number of correct predictions. */
export function countRight({ cells }: Confusion): number {
  return cells.reduce((sum, { truth, guess, count }) => (truth === guess ? sum + count : sum), 0);
}

/**
 * The labels to draw, ascending: all if there are at most `most`, otherwise the `least` labels with the most
 * mistakes, as true class or prediction.
 */
export function labelsToDraw(
  { classes, cells }: Confusion,
  { most, least }: { readonly most: number; readonly least: number },
): number[] {
  const all = Array.from({ length: classes }, (_, label) => label);
  if (classes <= most) return all;
  const mistakes = Array.from({ length: classes }, () => 0);
  for (const { truth, guess, count } of cells) {
    if (truth === guess) continue;
    mistakes[truth]! += count;
    mistakes[guess]! += count;
  }
  return all
    .sort((a, b) => mistakes[b]! - mistakes[a]! || a - b)
    .slice(0, least)
    .sort((a, b) => a - b);
}
