/** Amounts at the four edges of images, as the options of zeroPadding2d and cropping2d. */
import type { Shape } from '../../engine/primitive.js';
import { ShapeError } from '../../errors.js';
import { type Rule, countOrZero, either, list } from '../../options.js';

/** One amount for all edges, [rows, columns], or [[top, bottom], [left, right]]. */
export type Edges2d =
  number | readonly [number, number] | readonly [readonly [number, number], readonly [number, number]];

type Pair = readonly [before: number, after: number];

export const edgesRule = (): Rule => {
  const pair = list('two of them', countOrZero, 2);
  return either(either(countOrZero, pair), list('[[top, bottom], [left, right]]', pair, 2));
};

/** The amounts as [[top, bottom], [left, right]]. */
export function edgesOf(edges: Edges2d): readonly [Pair, Pair] {
  const [rows, columns] = typeof edges === 'number' ? [edges, edges] : edges;
  const both = (amount: number | Pair): Pair => (typeof amount === 'number' ? [amount, amount] : amount);
  return [both(rows), both(columns)];
}

/** Throws: ShapeError if a sample is not [height,width,channels]. */
export function checkImage(who: string, x: Shape): [height: number, width: number, channels: number] {
  if (x.length !== 3)
    throw new ShapeError(
      `${who}: the input is [${x.join(',')}] per sample, expected [height,width,channels].`,
    );
  return [x[0]!, x[1]!, x[2]!];
}
