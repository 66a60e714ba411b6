/** slice in float64: y[j] = x[begin + j·strides] along every axis. */
import { type Array64, fill64, flatOf, indicesOf, zeros64 } from './array64.js';
import type { Reference } from './reference.js';

type SliceAttributes = {
  readonly begin: readonly number[];
  readonly size: readonly number[];
  readonly strides: readonly number[];
};

/** The flat index in x of each element of the slice. */
function sources(x: Array64, { begin, size, strides }: SliceAttributes): Array64 {
  return fill64(size, (flat) =>
    flatOf(
      x.shape,
      indicesOf(size, flat).map((j, axis) => begin[axis]! + j * strides[axis]!),
    ),
  );
}

export const sliceReference: Reference<'x', 'y', SliceAttributes> = {
  op: 'slice',
  forward: ({ x }, attributes) => {
    const from = sources(x, attributes);
    return { y: fill64(attributes.size, (j) => x.values[from.values[j]!]!) };
  },
  backward: ({ x }, { y: dy }, attributes) => {
    const dx = zeros64(x.shape);
    sources(x, attributes).values.forEach((i, j) => (dx.values[i] = dy.values[j]!));
    return { x: dx };
  },
};
