/** gather in float64: y[o, p, k] = x[o, indices[p], k]. */
import { type Shape, sizeOf } from '../engine/primitive.js';
import { type Array64, fill64, zeros64 } from './array64.js';
import type { Reference } from './reference.js';

type GatherAttributes = { readonly axis: number; readonly isZeroOutside: boolean };

/** The flat index in x of each element of y, −1 if there is none. */
function sources(x: Shape, indices: Array64, axis: number): Array64 {
  const inner = sizeOf(x.slice(axis + 1));
  const row = inner * indices.values.length;
  return fill64(x.toSpliced(axis, 1, ...indices.shape), (j) => {
    const index = indices.values[Math.floor(j / inner) % indices.values.length]!;
    const isInside = index >= 0 && index < x[axis]!;
    return isInside ? (Math.floor(j / row) * x[axis]! + index) * inner + (j % inner) : -1;
  });
}

export const gatherReference: Reference<'x' | 'indices', 'y', GatherAttributes> = {
  op: 'gather',
  forward: ({ x, indices }, { axis, isZeroOutside }) => {
    const { shape, values } = sources(x.shape, indices, axis);
    return { y: fill64(shape, (j) => (values[j]! < 0 ? (isZeroOutside ? 0 : NaN) : x.values[values[j]!]!)) };
  },
  backward: ({ x, indices }, { y: dy }, { axis }) => {
    const dx = zeros64(x.shape);
    sources(x.shape, indices, axis).values.forEach((i, j) => {
      if (i >= 0) dx.values[i]! += dy.values[j]!;
    });
    return { x: dx };
  },
};
