/** Checks of sigmoid. */
import type { NoAttributes } from '../../engine/primitive.js';
import { sigmoid } from '../../kernels/sigmoid.js';
import { type Array64, fill64, map64 } from '../../reference/array64.js';
import { sigmoid64, sigmoidReference } from '../../reference/sigmoid.js';
import { drawSigned, oneOf, wholeNumber } from '../draws.js';
import { opCheck } from '../op_check.js';

/** An exponential magnifies the rounding of its argument by |x|. */
const magnitude = (x: Array64, values: Array64): Array64 =>
  map64(values, (value, i) => value * (1 + Math.abs(x.values[i] as number)));

export const sigmoidCheck = opCheck<'x', 'y', NoAttributes>({
  reference: sigmoidReference,
  inputs: { x: { draw: (random, shape) => map64(drawSigned(random, shape), (value) => 8 * value) } },
  outputs: ['y'],
  magnitudes: ({ x }, { y: dy }) => {
    const y = sigmoid64(x);
    const dx = map64(y, (value, i) => value * (1 + value) * Math.abs(dy.values[i] as number));
    return { outputs: { y: magnitude(x, y) }, gradients: { x: magnitude(x, dx) } };
  },
  roundings: { y: 12, x: 16 },
  call: ({ x }) => ({ y: sigmoid(x) }),
  primitives: {
    'sigmoid/forward': ({ inputs, outputs }) => ({ inputs, attributes: {}, results: { y: outputs.y } }),
    'sigmoid/input_gradient': ({ outputs, outputGradients, gradients }) => ({
      inputs: { y: outputs.y.value, dy: outputGradients.y },
      attributes: {},
      results: { y: gradients.x! },
    }),
  },
  cases: [
    {
      name: 'by hand',
      inputs: { x: [3] },
      options: {},
      byHand: {
        // e^ln 3 = 3: y = 3/4 and 1/4, with y·(1 − y) = 3/16.
        inputs: { x: [0, Math.fround(Math.log(3)), -Math.fround(Math.log(3))] },
        outputs: { y: [0.5, 0.75, 0.25] },
        gradients: { x: [0.25, 0.1875, 0.1875] },
      },
    },
    { name: 'odd sizes', inputs: { x: [3, 5, 7] }, options: {} },
    {
      name: 'far from 0 on both sides',
      inputs: { x: [66] },
      options: {},
      draw: {
        x: (random, shape) =>
          fill64(shape, () => Math.fround(oneOf(random, [1, -1]) * 10 ** wholeNumber(random, 0, 30))),
      },
      isSmooth: false,
    },
    { name: 'above a workgroup', inputs: { x: [4099] }, options: {} },
  ],
  random: (random) => ({
    inputs: { x: [wholeNumber(random, 1, 9), wholeNumber(random, 1, 99)] },
    options: {},
  }),
  bench: [{ name: 'dense 256', inputs: { x: [128, 256] }, options: {} }],
  wrongCalls: [{ name: 'not f32', inputs: { x: { shape: [2], dtype: 'u32' } }, call: ({ x }) => sigmoid(x) }],
});
