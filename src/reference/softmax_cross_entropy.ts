/**
 * softmax_cross_entropy in float64. Letters: N rows, K classes.
 * Rows with a label of K or more are ignored.
 */
import type { NoAttributes } from '../engine/primitive.js';
import { maxOf } from '../extent.js';
import { type Array64, type Arrays, array64, map64 } from './array64.js';
import type { Reference } from './reference.js';
import { softmax64 } from './softmax.js';

type Input = 'logits' | 'labels';

/** Calls `visit` for the rows that count. */
export function eachRow(
  { logits, labels }: Arrays<Input>,
  visit: (row: Float64Array, label: number) => void,
): void {
  const [N, K] = logits.shape as [number, number];
  for (let n = 0; n < N; n++) {
    const label = labels.values[n] as number;
    if (label < K) visit(logits.values.subarray(n * K, (n + 1) * K), label);
  }
}

/** loss = Σ_n (log Σ_k exp(x[n,k]) − x[n, label[n]]) / count */
export function softmaxCrossEntropy64(inputs: Arrays<Input>): { loss: Array64; totals: Array64 } {
  let [sum, correct, count] = [0, 0, 0];
  eachRow(inputs, (row, label) => {
    const largest = maxOf(row);
    const total = row.reduce((so, value) => so + Math.exp(value - largest), 0);
    sum += Math.log(total) + (largest - (row[label] as number));
    if (row.indexOf(largest) === label) correct++;
    count++;
  });
  return { loss: array64([], [sum / Math.max(count, 1)]), totals: array64([4], [sum, correct, count, 0]) };
}

/** dlogits[n,k] = dloss · (probability[n,k] + oneHot·[k = label[n]]) / count; with the softmax and −1 the gradient. */
export function logitsGradient64(
  inputs: Arrays<Input>,
  probability: Array64,
  dloss: number,
  oneHot: number,
): Array64 {
  const [, K] = inputs.logits.shape as [number, number];
  const count = softmaxCrossEntropy64(inputs).totals.values[2] as number;
  return map64(probability, (p, i) => {
    const label = inputs.labels.values[Math.floor(i / K)] as number;
    if (label >= K) return 0;
    return (dloss * (p + (i % K === label ? oneHot : 0))) / count;
  });
}

export const softmaxCrossEntropyReference: Reference<Input, 'loss' | 'totals', NoAttributes> = {
  op: 'softmax_cross_entropy',
  forward: (inputs) => softmaxCrossEntropy64(inputs),
  backward: (inputs, { loss: dloss }) => ({
    logits: logitsGradient64(inputs, softmax64(inputs.logits), dloss.values[0] as number, -1),
  }),
};
