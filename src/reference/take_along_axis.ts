/** take_along_axis in float64: y[o, j, i] = x[o, indices[o, j, i], i], NaN for an index beyond the extent. */
import { type Shape, sizeOf } from '../engine/primitive.js';
import { fill64, zeros64 } from './array64.js';
import type { Reference } from './reference.js';

type TakeAttributes = { readonly axis: number; readonly shape: Shape; readonly taken: number };

/** The flat index in x of the element that y's element `flat` takes; undefined beyond the extent. */
function source(flat: number, index: number, { axis, shape, taken }: TakeAttributes): number | undefined {
  const inner = sizeOf(shape.slice(axis + 1));
  const extent = shape[axis] as number;
  const o = Math.floor(flat / (taken * inner));
  return index < extent ? (o * extent + index) * inner + (flat % inner) : undefined;
}

export const takeAlongAxisReference: Reference<'x' | 'indices', 'y', TakeAttributes> = {
  op: 'take_along_axis',
  forward: ({ x, indices }, attributes) => ({
    y: fill64(indices.shape, (flat) => {
      const from = source(flat, indices.values[flat] as number, attributes);
      return from === undefined ? Number.NaN : (x.values[from] as number);
    }),
  }),
  backward: ({ x, indices }, { y: dy }, attributes) => {
    const dx = zeros64(x.shape);
    indices.values.forEach((index, flat) => {
      const from = source(flat, index, attributes);
      if (from !== undefined) dx.values[from]! += dy.values[flat] as number;
    });
    return { x: dx };
  },
};
