/** cumsum in float64: y[…,k,…] = Σ x[…,j,…] over the j that count for k. */
import { type Array64, fill64, flatOf, indicesOf } from './array64.js';
import type { Reference } from './reference.js';

type CumsumAttributes = {
  readonly axis: number;
  readonly isReversed: boolean;
  readonly isExclusive: boolean;
};

function cumsum64(x: Array64, { axis, isReversed, isExclusive }: CumsumAttributes): Array64 {
  return fill64(x.shape, (flat) => {
    const place = indicesOf(x.shape, flat);
    const k = place[axis]!;
    const counts = (j: number): boolean => (j === k ? !isExclusive : isReversed ? j > k : j < k);
    return Array.from({ length: x.shape[axis]! }, (_, j) => j)
      .filter(counts)
      .reduce((sum, j) => sum + x.values[flatOf(x.shape, place.with(axis, j))]!, 0);
  });
}

export const cumsumReference: Reference<'x', 'y', CumsumAttributes> = {
  op: 'cumsum',
  forward: ({ x }, attributes) => ({ y: cumsum64(x, attributes) }),
  backward: (_, { y: dy }, attributes) => ({
    x: cumsum64(dy, { ...attributes, isReversed: !attributes.isReversed }),
  }),
};
