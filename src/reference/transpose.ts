/** transpose in float64: y[i_p0, i_p1, …] = x[i_0, i_1, …] for the permutation p. */
import { type Array64, flatOf, indicesOf, zeros64 } from './array64.js';
import type { Reference } from './reference.js';

export function transpose64(x: Array64, permutation: readonly number[]): Array64 {
  const y = zeros64(permutation.map((axis) => x.shape[axis] as number));
  x.values.forEach((value, flat) => {
    const from = indicesOf(x.shape, flat);
    const index = flatOf(
      y.shape,
      permutation.map((axis) => from[axis] as number),
    );
    y.values[index] = value;
  });
  return y;
}

export const transposeReference: Reference<'x', 'y', { readonly permutation: readonly number[] }> = {
  op: 'transpose',
  forward: ({ x }, { permutation }) => ({ y: transpose64(x, permutation) }),
  backward: (_, { y: dy }, { permutation }) => {
    const back = permutation.map((_, axis) => permutation.indexOf(axis));
    return { x: transpose64(dy, back) };
  },
};
