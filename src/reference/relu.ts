/** Float64 reference of relu: y = max(x, 0), with the gradient 0 at 0 and dy at NaN. */
import type { NoAttributes } from '../engine/primitive.js';
import { relu } from '../kernels/relu.js';
import {
  type Array64,
  drawAwayFromZero,
  drawTies,
  exceeds64,
  map64,
  reference,
  wholeNumber,
} from './reference.js';

/** dx = dy where x > 0 or NaN, else 0. */
export function reluBackward64(x: Array64, dy: Array64): Array64 {
  return map64(x, (value, i) => (exceeds64(value, 0) ? (dy.values[i] as number) : 0));
}

export const reluReference = reference<'x', 'y', NoAttributes>({
  op: 'relu',
  inputs: { x: { draw: drawAwayFromZero } },
  outputs: ['y'],
  forward: ({ x }) => ({ y: map64(x, (value) => Math.max(value, 0)) }),
  backward: ({ x }, { y: dy }) => ({ x: reluBackward64(x, dy) }),
  roundings: { y: 0, x: 0 },
  call: ({ x }) => ({ y: relu(x) }),
  primitives: {
    'relu/forward': ({ inputs, outputs }) => ({ inputs, attributes: {}, results: { y: outputs.y } }),
    'relu/input_gradient': ({ outputs, outputGradients, gradients }) => ({
      inputs: { y: outputs.y.value, dy: outputGradients.y },
      attributes: {},
      results: { y: gradients.x! },
    }),
  },
  cases: [
    {
      name: 'by hand',
      inputs: { x: [2, 2] },
      options: {},
      isSmooth: false,
      byHand: {
        inputs: { x: [-1, 0, 2, 0.5] },
        outputs: { y: [0, 0, 2, 0.5] },
        gradients: { x: [0, 0, 1, 1] },
      },
    },
    { name: 'odd sizes', inputs: { x: [3, 5, 7] }, options: {} },
    { name: 'zeros', inputs: { x: [65] }, options: {}, draw: { x: drawTies }, isSmooth: false },
    { name: 'above a workgroup', inputs: { x: [4099] }, options: {} },
  ],
  random: (random) => ({
    inputs: { x: [wholeNumber(random, 1, 9), wholeNumber(random, 1, 99)] },
    options: {},
  }),
  bench: [
    { name: 'paper conv2', inputs: { x: [128, 28, 28, 32] }, options: {} },
    { name: 'paper dense1', inputs: { x: [128, 256] }, options: {} },
  ],
  wrongCalls: [{ name: 'not f32', inputs: { x: { shape: [2], dtype: 'u32' } }, call: ({ x }) => relu(x) }],
});
