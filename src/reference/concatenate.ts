/** concatenate in float64: a and b joined along an axis. */
import { type Shape, sizeOf } from '../engine/primitive.js';
import { type Array64, array64 } from './array64.js';
import type { Reference } from './reference.js';

/** The number of elements along the axis and after it, for each index before the axis. */
function rows({ shape, values }: Array64, axis: number): Float64Array[] {
  const length = sizeOf(shape.slice(axis));
  return Array.from({ length: sizeOf(shape.slice(0, axis)) }, (_, row) =>
    values.slice(row * length, (row + 1) * length),
  );
}

function concatenate64(a: Array64, b: Array64, axis: number): Array64 {
  const shape = a.shape.map((extent, i) => (i === axis ? extent + (b.shape[i] as number) : extent));
  const behind = rows(b, axis);
  return array64(
    shape,
    rows(a, axis).flatMap((row, i) => [...row, ...(behind[i] as Float64Array)]),
  );
}

export const concatenateReference: Reference<'a' | 'b', 'y', { readonly axis: number }> = {
  op: 'concatenate',
  forward: ({ a, b }, { axis }) => ({ y: concatenate64(a, b, axis) }),
  backward: ({ a, b }, { y: dy }, { axis }) => {
    const begin = sizeOf(a.shape.slice(axis));
    const of = (shape: Shape, part: (row: Float64Array) => Float64Array): Array64 =>
      array64(
        shape,
        rows(dy, axis).flatMap((row) => [...part(row)]),
      );
    return {
      a: of(a.shape, (row) => row.subarray(0, begin)),
      b: of(b.shape, (row) => row.subarray(begin)),
    };
  },
};
