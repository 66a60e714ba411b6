/** Checks of relu. */
import type { NoAttributes } from '../../engine/primitive.js';
import { relu } from '../../kernels/relu.js';
import { reluReference } from '../../reference/relu.js';
import { drawAwayFromZero, drawTies, wholeNumber } from '../draws.js';
import { opCheck } from '../op_check.js';

export const reluCheck = opCheck<'x', 'y', NoAttributes>({
  reference: reluReference,
  inputs: { x: { draw: drawAwayFromZero } },
  outputs: ['y'],
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
