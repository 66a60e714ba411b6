/** Float64 reference of softmax over the last axis. Letters: K the last axis. */
import type { NoAttributes } from '../engine/primitive.js';
import { softmax } from '../kernels/softmax.js';
import { rowDot, softmax64, softmaxBackward64, softmaxMagnitude64 } from './softmax64.js';
import { type Draw, drawSigned, map64, reference, wholeNumber } from './reference.js';

/** Evenly in [−64, 64): most probabilities vanish, and exp would overflow without the row's largest. */
export const drawLarge: Draw = (random, shape) => map64(drawSigned(random, shape), (value) => 64 * value);

export const softmaxReference = reference<'x', 'y', NoAttributes>({
  op: 'softmax',
  inputs: { x: { draw: drawSigned } },
  outputs: ['y'],
  forward: ({ x }) => ({ y: softmax64(x) }),
  backward: ({ x }, { y: dy }) => ({ x: softmaxBackward64(softmax64(x), dy) }),
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
  // exp errs by 6 + 4·|d| units here, in the element and in the sum below it; division by 5. dx uses y twice.
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
