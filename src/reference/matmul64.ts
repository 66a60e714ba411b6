/** The mathematics of matmul in float64. Letters: M rows, N columns, K terms of each sum. */
import { type Array64, zeros64 } from './reference.js';

export type MatmulOptions = { readonly transposeA: boolean; readonly transposeB: boolean };

/** c[m,n] = Σ_k a[m,k] · b[k,n], with a read as aᵀ or b as bᵀ when it is stored so. */
export function matmul64(a: Array64, b: Array64, { transposeA, transposeB }: MatmulOptions): Array64 {
  const left = transposeA ? transpose64(a) : a;
  const right = transposeB ? transpose64(b) : b;
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

function transpose64({ shape, values }: Array64): Array64 {
  const [rows, columns] = shape as [number, number];
  const y = zeros64([columns, rows]);
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) y.values[c * rows + r] = values[r * columns + c] as number;
  return y;
}

/** With c = A·B (A and B as they are read): dA = dc·Bᵀ, dB = Aᵀ·dc; turned around where they are stored so. */
export function matmulBackward64(
  a: Array64,
  b: Array64,
  dc: Array64,
  { transposeA, transposeB }: MatmulOptions,
): { a: Array64; b: Array64 } {
  const plain = { transposeA: false, transposeB: false };
  const left = transposeA ? transpose64(a) : a;
  const right = transposeB ? transpose64(b) : b;
  const da = matmul64(dc, right, { ...plain, transposeB: true });
  const db = matmul64(left, dc, { ...plain, transposeA: true });
  return { a: transposeA ? transpose64(da) : da, b: transposeB ? transpose64(db) : db };
}
