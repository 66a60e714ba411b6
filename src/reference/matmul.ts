/** matmul in float64. Letters: M rows, N columns, K terms of each sum. */
import { type Array64, zeros64 } from './array64.js';
import type { Reference } from './reference.js';

export type MatmulAttributes = { readonly transposeA: boolean; readonly transposeB: boolean };

/** c[m,n] = Σ_k a[m,k] · b[k,n], with a read as aᵀ, or b as bᵀ, if stored that way. */
export function matmul64(a: Array64, b: Array64, { transposeA, transposeB }: MatmulAttributes): Array64 {
  const left = transposeA ? transposed(a) : a;
  const right = transposeB ? transposed(b) : b;
  const [M, K] = left.shape as [number, number];
  const [, N] = right.shape as [number, number];
  const c = zeros64([M, N]);
  for (let m = 0; m < M; m++) {
    for (let k = 0; k < K; k++) {
      const value = left.values[m * K + k] as number;
      for (let n = 0; n < N; n++) c.values[m * N + n]! += value * (right.values[k * N + n] as number);
    }
  }
  return c;
}

function transposed({ shape, values }: Array64): Array64 {
  const [rows, columns] = shape as [number, number];
  const y = zeros64([columns, rows]);
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) y.values[c * rows + r] = values[r * columns + c] as number;
  return y;
}

export const matmulReference: Reference<'a' | 'b', 'c', MatmulAttributes> = {
  op: 'matmul',
  forward: ({ a, b }, attributes) => ({ c: matmul64(a, b, attributes) }),
  // With c = A·B (A and B as they are read): dA = dc·Bᵀ, dB = Aᵀ·dc; transposed if stored that way.
  backward: ({ a, b }, { c: dc }, { transposeA, transposeB }) => {
    const left = transposeA ? transposed(a) : a;
    const right = transposeB ? transposed(b) : b;
    const da = matmul64(dc, right, { transposeA: false, transposeB: true });
    const db = matmul64(left, dc, { transposeA: true, transposeB: false });
    return { a: transposeA ? transposed(da) : da, b: transposeB ? transposed(db) : db };
  },
};
