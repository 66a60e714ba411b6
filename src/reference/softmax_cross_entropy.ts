/**
 * Float64 reference of softmax_cross_entropy. Letters: N rows, K classes.
 * Rows whose label is not below K are ignored.
 */
import type { NoAttributes } from '../engine/primitive.js';
import { maxOf } from '../extent.js';
import { softmaxCrossEntropy } from '../kernels/softmax_cross_entropy.js';
import {
  type Array64,
  type Arrays,
  type Draw,
  type Expected,
  array64,
  drawSigned,
  drawTies,
  fill64,
  map64,
  reference,
  tolerance,
  wholeNumber,
} from './reference.js';
import { drawLarge } from './softmax.js';
import { softmax64, softmaxMagnitude64 } from './softmax64.js';

type Input = 'logits' | 'labels';

/** Calls `visit` for the rows that count. */
function eachRow({ logits, labels }: Arrays<Input>, visit: (row: Float64Array, label: number) => void): void {
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

/** dlogits[n,k] = dloss · (softmax[n,k] − [k = label[n]]) / count; `softmax` and the sign are the caller's. */
function gradient(inputs: Arrays<Input>, probability: Array64, dloss: number, oneHot: number): Array64 {
  const [, K] = inputs.logits.shape as [number, number];
  const count = softmaxCrossEntropy64(inputs).totals.values[2] as number;
  return map64(probability, (p, i) => {
    const label = inputs.labels.values[Math.floor(i / K)] as number;
    if (label >= K) return 0;
    return (dloss * (p + (i % K === label ? oneHot : 0))) / count;
  });
}

/** Two labels in eleven are ignored: one just past the classes, one as batch_gather marks it. */
const drawLabels: Draw = (random, shape, { logits }) => {
  const [, K] = logits as unknown as [number, number];
  return fill64(
    shape,
    () => {
      const place = wholeNumber(random, 0, 10);
      return place === 0 ? K : place === 1 ? 0xffffffff : wholeNumber(random, 0, K - 1);
    },
    'u32',
  );
};
const drawIgnored: Draw = (_, shape) => fill64(shape, () => 0xffffffff, 'u32');

/** In each row the same number throughout, beside which log K would lose its digits. */
const drawEqual: Draw = (_, shape) =>
  fill64(shape, (i) => Math.fround([1e4, 1e6, 1e8, -1e8, 3e38][Math.floor(i / 10)] as number));

const rows = (N: number, K: number): Record<Input, readonly number[]> => ({ logits: [N, K], labels: [N] });

export const softmaxCrossEntropyReference = reference<Input, 'loss' | 'totals', NoAttributes>({
  op: 'softmax_cross_entropy',
  inputs: { logits: { draw: drawSigned }, labels: { dtype: 'u32', draw: drawLabels } },
  outputs: ['loss', 'totals'],
  differentiable: ['loss'],
  forward: (inputs) => softmaxCrossEntropy64(inputs),
  backward: (inputs, { loss: dloss }) => ({
    logits: gradient(inputs, softmax64(inputs.logits), dloss.values[0] as number, -1),
  }),
  magnitudes: (inputs, { loss: dloss }) => {
    let [sum, count] = [0, 0];
    eachRow(inputs, (row, label) => {
      const largest = maxOf(row);
      const total = row.reduce((so, value) => so + Math.exp(value - largest) * (1 + (largest - value)), 0);
      sum += total + (largest - (row[label] as number));
      count++;
    });
    return {
      outputs: {
        loss: array64([], [sum / Math.max(count, 1)]),
        totals: array64([4], [sum, count, count, 1]),
      },
      gradients: {
        logits: gradient(inputs, softmaxMagnitude64(inputs.logits), Math.abs(dloss.values[0] as number), 1),
      },
    };
  },
  // dloss is multiplied in behind the zeros of the rows that are ignored.
  mayBeNaN: (_, { loss: dloss }) => ({ logits: () => !Number.isFinite(dloss.values[0]) }),
  terms: ({ logits }) => {
    const [N, K] = logits as [number, number];
    return { loss: N + K, totals: N + K, logits: K };
  },
  // As in softmax, and a logarithm that errs by 8.
  roundings: { loss: 30, totals: 30, logits: 24 },
  call: ({ logits, labels }) => softmaxCrossEntropy(logits, labels),
  primitives: {
    // The kernel takes dloss as 1; the plan multiplies another one in.
    'softmax_cross_entropy/forward': ({ inputs, outputs }) => {
      const dlogits: Expected = {
        value: gradient(inputs, softmax64(inputs.logits), 1, -1),
        magnitude: gradient(inputs, softmaxMagnitude64(inputs.logits), 1, 1).values,
        tolerance: tolerance(inputs.logits.shape[1] as number, 24),
      };
      return { inputs, attributes: {}, results: { ...outputs, dlogits } };
    },
  },
  cases: [
    {
      name: 'by hand',
      inputs: rows(3, 2),
      options: {},
      byHand: {
        // Two equal logits: log 2; log 4 against log 1: p = (0.2, 0.8); a row that is ignored.
        inputs: { logits: [0, 0, 0, Math.fround(Math.log(4)), 5, 6], labels: [0, 1, 2] },
        outputs: {
          loss: [(Math.LN2 + Math.log(1.25)) / 2],
          totals: [Math.LN2 + Math.log(1.25), 2, 2, 0],
        },
        gradients: { logits: [-0.25, 0.25, 0.1, -0.1, 0, 0] },
      },
    },
    { name: 'odd sizes', inputs: rows(7, 5), options: {} },
    { name: 'one class', inputs: rows(3, 1), options: {} },
    { name: 'a batch of paper', inputs: rows(128, 10), options: {} },
    { name: 'above a workgroup', inputs: rows(257, 10), options: {} },
    { name: 'many rows', inputs: rows(1100, 3), options: {} },
    { name: 'more than one workgroup takes', inputs: rows(1640, 10), options: {} },
    { name: 'many classes', inputs: rows(4, 1000), options: {} },
    {
      name: 'ties: the first of the largest counts',
      inputs: rows(65, 4),
      options: {},
      draw: { logits: drawTies },
    },
    { name: 'large', inputs: rows(33, 12), options: {}, draw: { logits: drawLarge }, isSmooth: false },
    {
      name: 'equal logits of any size',
      inputs: rows(5, 10),
      options: {},
      draw: { logits: drawEqual },
      isSmooth: false,
    },
    {
      name: 'every row ignored',
      inputs: rows(9, 10),
      options: {},
      draw: { labels: drawIgnored },
    },
  ],
  random: (random) => ({
    inputs: rows(wholeNumber(random, 1, 300), wholeNumber(random, 1, 40)),
    options: {},
  }),
  bench: [{ name: 'paper', inputs: rows(128, 10), options: {} }],
  wrongCalls: [
    {
      name: 'too few labels',
      inputs: { logits: [8, 10], labels: { shape: [7], dtype: 'u32' } },
      call: ({ logits, labels }) => softmaxCrossEntropy(logits, labels),
    },
    {
      name: 'labels not u32',
      inputs: { logits: [8, 10], labels: [8] },
      call: ({ logits, labels }) => softmaxCrossEntropy(logits, labels),
    },
  ],
});
