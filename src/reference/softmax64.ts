/** The mathematics of softmax over the last axis in float64. Letters: K the last axis. */
import { maxOf } from '../extent.js';
import { type Array64, fill64, map64 } from './reference.js';

/** y[…,k] = exp(x[…,k] − m) / Σ_j exp(x[…,j] − m) with m the row's largest. */
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

/**
 * What the rounding of an exponential is measured against: WGSL lets exp(d) err by 3 + 2·|d| units in the last place,
 * so that a probability far below the largest is less sure. Y = y · (1 + |x − m|).
 */
export function softmaxMagnitude64(x: Array64): Array64 {
  const K = x.shape.at(-1) as number;
  return map64(softmax64(x), (y, i) => {
    const row = i - (i % K);
    return y * (1 + (maxOf(x.values.subarray(row, row + K)) - (x.values[i] as number)));
  });
}

/** Per row Σ_k a·b, given to every element of the row. */
export function rowDot(a: Array64, b: Array64): Array64 {
  const K = a.shape.at(-1) as number;
  return fill64(a.shape, (i) => {
    const row = i - (i % K);
    let dot = 0;
    for (let k = row; k < row + K; k++) dot += (a.values[k] as number) * (b.values[k] as number);
    return dot;
  });
}

/** dx = y · (dy − Σ_j dy[j]·y[j]) */
export function softmaxBackward64(y: Array64, dy: Array64): Array64 {
  const dot = rowDot(y, dy);
  return map64(y, (value, i) => value * ((dy.values[i] as number) - (dot.values[i] as number)));
}
