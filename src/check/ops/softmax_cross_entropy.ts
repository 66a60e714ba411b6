/**
 * Checks of softmax_cross_entropy. Letters: N rows, K classes.
 * Rows with a label of K or more are ignored.
 */
import type { NoAttributes } from '../../engine/primitive.js';
import { maxOf } from '../../extent.js';
import { softmaxCrossEntropy, softmaxCrossEntropyOp } from '../../kernels/softmax_cross_entropy.js';
import { array64, fill64, map64 } from '../../reference/array64.js';
import { softmax64 } from '../../reference/softmax.js';
import {
  eachRow,
  logitsGradient64,
  softmaxCrossEntropyReference,
} from '../../reference/softmax_cross_entropy.js';
import { tolerance } from '../../rounding.js';
import { type Draw, drawSigned, drawTies, wholeNumber } from '../draws.js';
import { type Expected, opCheck } from '../op_check.js';
import { drawLarge, softmaxMagnitude64 } from './softmax.js';

type Input = 'logits' | 'labels';

/** Two labels in eleven are ignored: one just past the classes, one with batch_gather's mark. */
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

/** Equal numbers within each row, so large that log K loses its digits when it is added. */
const drawEqual: Draw = (_, shape) =>
  fill64(shape, (i) => Math.fround([1e4, 1e6, 1e8, -1e8, 3e38][Math.floor(i / 10)] as number));

const rows = (N: number, K: number): Record<Input, readonly number[]> => ({ logits: [N, K], labels: [N] });

export const softmaxCrossEntropyCheck = opCheck<Input, 'loss' | 'totals', NoAttributes>({
  op: softmaxCrossEntropyOp,
  reference: softmaxCrossEntropyReference,
  inputs: { logits: { draw: drawSigned }, labels: { dtype: 'u32', draw: drawLabels } },
  outputs: ['loss', 'totals'],
  differentiable: ['loss'],
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
        logits: logitsGradient64(
          inputs,
          softmaxMagnitude64(inputs.logits),
          Math.abs(dloss.values[0] as number),
          1,
        ),
      },
    };
  },
  terms: ({ logits }) => {
    const [N, K] = logits as [number, number];
    return { loss: N + K, totals: N + K, logits: K };
  },
  // As in softmax, plus a logarithm that is off by up to 8.
  roundings: { loss: 30, totals: 30, logits: 24 },
  call: ({ logits, labels }) => softmaxCrossEntropy(logits, labels),
  primitives: {
    // The kernel assumes a dloss of 1; the plan multiplies by another one.
    'softmax_cross_entropy/forward': ({ inputs, outputs }) => {
      const dlogits: Expected = {
        value: logitsGradient64(inputs, softmax64(inputs.logits), 1, -1),
        magnitude: logitsGradient64(inputs, softmaxMagnitude64(inputs.logits), 1, 1).values,
        tolerance: tolerance(inputs.logits.shape[1] as number, 24),
      };
      return { inputs, attributes: {}, results: { ...outputs, dlogits } };
    },
    'softmax_cross_entropy/weights': ({ inputs: { logits, labels }, outputs: { totals } }) => {
      const classes = logits.shape[1] as number;
      const count = Math.max(1, totals.value.values[2] as number);
      const value = map64({ ...labels, dtype: 'f32' }, (label) => (label < classes ? 1 / count : 0));
      return {
        inputs: { labels, totals: map64(totals.value, Math.fround) },
        attributes: { classes },
        results: { y: { value, magnitude: value.values, tolerance: tolerance(1, 4) } },
      };
    },
    'softmax_cross_entropy/select': ({ inputs: { logits, labels } }) => {
      const classes = logits.shape[1] as number;
      // One of the two in each case.
      const isAtLabels = labels.values.length % 2 === 1;
      const value = map64(logits, (held, i) => {
        const label = labels.values[Math.floor(i / classes)] as number;
        return (isAtLabels ? label === i % classes : label < classes) ? held : 0.5;
      });
      return {
        inputs: { x: logits, labels },
        attributes: { classes, isAtLabels, otherwise: 0.5 },
        results: { y: { value, magnitude: map64(value, Math.abs).values, tolerance: 0 } },
      };
    },
  },
  cases: [
    {
      name: 'by hand',
      inputs: rows(3, 2),
      options: {},
      byHand: {
        // Two equal logits: log 2; log 4 against log 1: p = (0.2, 0.8); an ignored row.
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
    { name: 'more than one workgroup processes', inputs: rows(1640, 10), options: {} },
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
