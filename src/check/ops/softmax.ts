/** Checks of softmax over the last axis. Letters: K the last axis, m the maximum of a row. */
import type { NoAttributes } from '../../engine/primitive.js';
import { maxOf } from '../../extent.js';
import { softmax, softmaxOp } from '../../kernels/softmax.js';
import { type Array64, map64 } from '../../reference/array64.js';
import { rowDot, softmax64, softmaxReference } from '../../reference/softmax.js';
import { type Draw, drawSigned, wholeNumber } from '../draws.js';
import { opCheck } from '../op_check.js';

/** Uniform in [−64, 64): most probabilities vanish, and exp would overflow unless the row's maximum is subtracted. */
export const drawLarge: Draw = (random, shape) => map64(drawSigned(random, shape), (value) => 64 * value);

/**
 * The magnitude that bounds the rounding of an exponential: WGSL allows exp(d) 3 + 2·|d| units in the last place, so a
 * probability far below the largest is less accurate. Y = y · (1 + |x − m|).
 */
export function softmaxMagnitude64(x: Array64): Array64 {
  const K = x.shape.at(-1) as number;
  return map64(softmax64(x), (y, i) => {
    const row = i - (i % K);
    return y * (1 + (maxOf(x.values.subarray(row, row + K)) - (x.values[i] as number)));
  });
}

export const softmaxCheck = opCheck<'x', 'y', NoAttributes>({
  op: softmaxOp,
  reference: softmaxReference,
  inputs: { x: { draw: drawSigned } },
  outputs: ['y'],
  magnitudes: ({ x }, { y: dy }) => {
    const y = softmaxMagnitude64(x);
    const dot = rowDot(
      y,
      map64(dy, (value) => Math.abs(value)),
    );
    return {
      outputs: { y },
      gradients: {
        x: map64(y, (value, i) => value * (Math.abs(dy.values[i] as number) + (dot.values[i] as number))),
      },
    };
  },
  terms: ({ x }) => ({ x: x.at(-1) as number, y: x.at(-1) as number }),
  // exp is off by up to 6 + 4·|d| of these units, in the element and in the sum below it; division by 5. dx uses y twice.
  roundings: { y: 20, x: 50 },
  call: ({ x }) => ({ y: softmax(x) }),
  primitives: {
    'softmax/forward': ({ inputs, outputs }) => ({ inputs, attributes: {}, results: { y: outputs.y } }),
    'softmax/input_gradient': ({ outputs, outputGradients, gradients }) => ({
      inputs: { y: outputs.y.value, dy: outputGradients.y },
      attributes: {},
      results: { dx: gradients.x! },
    }),
  },
  cases: [
    {
      name: 'by hand',
      inputs: { x: [2, 2] },
      options: {},
      byHand: {
        inputs: { x: [0, 0, 0, Math.fround(Math.log(3))] },
        outputs: { y: [0.5, 0.5, 0.25, 0.75] },
        gradients: { x: [0, 0, 0, 0] },
      },
    },
    { name: 'odd sizes', inputs: { x: [3, 5, 7] }, options: {} },
    { name: 'one class', inputs: { x: [5, 1] }, options: {} },
    { name: 'one row', inputs: { x: [10] }, options: {} },
    { name: 'above a workgroup', inputs: { x: [129, 10] }, options: {} },
    { name: 'large', inputs: { x: [33, 12] }, options: {}, draw: { x: drawLarge }, isSmooth: false },
    {
      name: 'large, far from 0',
      inputs: { x: [33, 12] },
      options: {},
      draw: {
        x: (random, shape) => map64(drawSigned(random, shape), (value) => Math.fround(1e6 + 8 * value)),
      },
      isSmooth: false,
    },
    { name: 'many classes', inputs: { x: [4, 1000] }, options: {} },
  ],
  random: (random) => ({
    inputs: { x: [wholeNumber(random, 1, 70), wholeNumber(random, 1, 40)] },
    options: {},
  }),
  bench: [{ name: 'paper', inputs: { x: [128, 10] }, options: {} }],
  wrongCalls: [],
});
