/** softmax over the last axis in float64. Letters: K the last axis. */
import type { NoAttributes } from '../engine/primitive.js';
import { maxOf } from '../extent.js';
import { type Array64, fill64, map64 } from './array64.js';
import type { Reference } from './reference.js';

/** y[…,k] = exp(x[…,k] − m) / Σ_j exp(x[…,j] − m), where m is the maximum of the row. */
export function softmax64(x: Array64): Array64 {
  const K = x.shape.at(-1) as number;
  const y = x.values.slice();
  for (let row = 0; row < y.length; row += K) {
    const largest = maxOf(x.values.subarray(row, row + K));
    let total = 0;
    for (let k = row; k < row + K; k++) total += y[k] = Math.exp((x.values[k] as number) - largest);
    for (let k = row; k < row + K; k++) y[k]! /= total;
  }
  return { ...x, values: y };
}

/** Σ_k a·b per row, repeated for every element of the row. */
export function rowDot(a: Array64, b: Array64): Array64 {
  const K = a.shape.at(-1) as number;
  return fill64(a.shape, (i) => {
    const row = i - (i % K);
    let dot = 0;
    for (let k = row; k < row + K; k++) dot += (a.values[k] as number) * (b.values[k] as number);
    return dot;
  });
}

export const softmaxReference: Reference<'x', 'y', NoAttributes> = {
  op: 'softmax',
  forward: ({ x }) => ({ y: softmax64(x) }),
  // dx = y · (dy − Σ_j dy[j]·y[j])
  backward: ({ x }, { y: dy }) => {
    const y = softmax64(x);
    const dot = rowDot(y, dy);
    return { x: map64(y, (value, i) => value * ((dy.values[i] as number) - (dot.values[i] as number))) };
  },
};
