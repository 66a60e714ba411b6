/** batch_matmul in float64: products of the matrices of a [G,H,·,·] and b [G,H,·,·], where either may have 1 for G or H. */
import { reduceTo64 } from './arithmetic.js';
import { type Array64, zeros64 } from './array64.js';
import { type MatmulAttributes, matmul64, matmulReference } from './matmul.js';
import type { Reference } from './reference.js';

/** The matrix of x for the leading indices g and h. */
function matrixAt({ shape, values }: Array64, g: number, h: number): Array64 {
  const [G, H, rows, columns] = shape as [number, number, number, number];
  const first = ((G === 1 ? 0 : g) * H + (H === 1 ? 0 : h)) * rows * columns;
  return { shape: [rows, columns], dtype: 'f32', values: values.subarray(first, first + rows * columns) };
}

/** Calls `visit` for each matrix of the result with its place in memory, in matrices. */
function eachMatrix(a: Array64, b: Array64, visit: (a: Array64, b: Array64, place: number) => void): void {
  const [G, H] = [0, 1].map((axis) => Math.max(a.shape[axis]!, b.shape[axis]!)) as [number, number];
  for (let g = 0; g < G; g++)
    for (let h = 0; h < H; h++) visit(matrixAt(a, g, h), matrixAt(b, g, h), g * H + h);
}

function batchMatmul64(a: Array64, b: Array64, attributes: MatmulAttributes): Array64 {
  const results: Array64[] = [];
  eachMatrix(a, b, (left, right) => results.push(matmul64(left, right, attributes)));
  const lead = [0, 1].map((axis) => Math.max(a.shape[axis]!, b.shape[axis]!));
  const c = zeros64([...lead, ...results[0]!.shape]);
  results.forEach(({ values }, place) => c.values.set(values, place * values.length));
  return c;
}

export const batchMatmulReference: Reference<'a' | 'b', 'c', MatmulAttributes> = {
  op: 'batch_matmul',
  forward: ({ a, b }, attributes) => ({ c: batchMatmul64(a, b, attributes) }),
  // Those of the single products, summed over the matrices that shared an operand.
  backward: ({ a, b }, { c: dc }, attributes) => {
    const lead = dc.shape.slice(0, 2);
    const [da, db] = [a, b].map((x) => zeros64([...lead, ...x.shape.slice(2)])) as [Array64, Array64];
    const [, H] = lead as [number, number];
    eachMatrix(a, b, (left, right, place) => {
      const c = matrixAt(dc, Math.floor(place / H), place % H);
      const gradients = matmulReference.backward!({ a: left, b: right }, { c }, attributes);
      da.values.set(gradients.a!.values, place * left.values.length);
      db.values.set(gradients.b!.values, place * right.values.length);
    });
    return { a: reduceTo64(da, a.shape), b: reduceTo64(db, b.shape) };
  },
};
