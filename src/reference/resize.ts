/** resize in float64: a row or column of y is a weighted sum of those of x. */
import { zeros64 } from './array64.js';
import type { Reference } from './reference.js';

type ResizeAttributes = {
  readonly size: readonly number[];
  readonly from: readonly number[];
  readonly isLinear: boolean;
  readonly alignsCorners: boolean;
};

type Tap = { readonly index: number; readonly weight: number };

/** The rows or columns of x behind each of y, with their weights, without those of weight 0. */
function tapsOf(from: number, to: number, { isLinear, alignsCorners }: ResizeAttributes): Tap[][] {
  return Array.from({ length: to }, (_, o): Tap[] => {
    if (!isLinear) return [{ index: Math.floor(((2 * o + 1) * from) / (2 * to)), weight: 1 }];
    // In fractions, so that exact positions are exact.
    const [numerator, divisor] = alignsCorners
      ? [o * (from - 1), Math.max(to - 1, 1)]
      : [(2 * o + 1) * from - to, 2 * to];
    const position = Math.max(numerator, 0);
    const index = Math.floor(position / divisor);
    const weight = (position % divisor) / divisor;
    return [
      { index, weight: 1 - weight },
      { index: Math.min(index + 1, from - 1), weight },
    ].filter((tap) => tap.weight > 0);
  });
}

/** Calls `visit` with the flat indices in x and y and the weight of every pair. */
function pairs(
  [N, , , C]: readonly number[],
  attributes: ResizeAttributes,
  visit: (x: number, y: number, weight: number) => void,
): void {
  const { from, size } = attributes;
  const [rows, columns] = [0, 1].map((axis) => tapsOf(from[axis]!, size[axis]!, attributes)) as [
    Tap[][],
    Tap[][],
  ];
  for (let n = 0; n < N!; n++)
    rows.forEach((down, p) =>
      columns.forEach((across, q) => {
        for (let c = 0; c < C!; c++)
          for (const row of down)
            for (const column of across)
              visit(
                ((n * from[0]! + row.index) * from[1]! + column.index) * C! + c,
                ((n * size[0]! + p) * size[1]! + q) * C! + c,
                row.weight * column.weight,
              );
      }),
    );
}

export const resizeReference: Reference<'x', 'y', ResizeAttributes> = {
  op: 'resize',
  forward: ({ x }, attributes) => {
    const y = zeros64([x.shape[0]!, ...attributes.size, x.shape[3]!]);
    pairs(x.shape, attributes, (i, j, weight) => (y.values[j]! += weight * x.values[i]!));
    return { y };
  },
  backward: ({ x }, { y: dy }, attributes) => {
    const dx = zeros64(x.shape);
    pairs(x.shape, attributes, (i, j, weight) => (dx.values[i]! += weight * dy.values[j]!));
    return { x: dx };
  },
};
