/** Checks of l2_penalty. */
import { sizeOf } from '../../engine/primitive.js';
import { l2Penalty, l2PenaltyOp } from '../../kernels/l2_penalty.js';
import { l2PenaltyReference } from '../../reference/l2_penalty.js';
import { drawSigned, wholeNumber } from '../draws.js';
import { opCheck } from '../op_check.js';

type Options = { readonly lambda: number };

const keras: Options = { lambda: 1e-4 };

export const l2PenaltyCheck = opCheck<'w', 'y', Options>({
  op: l2PenaltyOp,
  reference: l2PenaltyReference,
  inputs: { w: { draw: drawSigned } },
  outputs: ['y'],
  terms: ({ w }) => ({ y: sizeOf(w) }),
  call: ({ w }, { lambda }) => ({ y: l2Penalty(w, lambda) }),
  primitives: {
    'l2_penalty/forward': ({ inputs, options, outputs }) => ({
      inputs,
      attributes: options,
      results: { y: outputs.y },
    }),
    'l2_penalty/weight_gradient': ({ inputs, options, outputGradients, gradients }) => ({
      inputs: { w: inputs.w, dy: outputGradients.y },
      attributes: options,
      results: { y: gradients.w! },
    }),
  },
  cases: [
    {
      name: 'by hand',
      inputs: { w: [2, 2] },
      options: { lambda: 0.25 },
      byHand: { inputs: { w: [1, -2, 3, 0] }, outputs: { y: [3.5] }, gradients: { w: [0.5, -1, 1.5, 0] } },
    },
    { name: 'odd sizes', inputs: { w: [3, 5, 7] }, options: { lambda: 0.01 } },
    { name: 'one weight', inputs: { w: [1] }, options: keras },
    { name: 'parts of unequal length', inputs: { w: [8191] }, options: keras },
    { name: 'more than one round of parts', inputs: { w: [70_001] }, options: keras },
    { name: 'λ of 0', inputs: { w: [33] }, options: { lambda: 0 } },
  ],
  random: (random) => ({
    inputs: { w: [wholeNumber(random, 1, 40), wholeNumber(random, 1, 99)] },
    options: { lambda: random() },
  }),
  bench: [
    { name: 'paper dense1', inputs: { w: [3136, 256] }, options: keras },
    { name: 'paper conv4', inputs: { w: [3, 3, 64, 64] }, options: keras },
  ],
  wrongCalls: [
    { name: 'negative λ', inputs: { w: [4] }, call: ({ w }) => l2Penalty(w, -1) },
    { name: 'not f32', inputs: { w: { shape: [4], dtype: 'u32' } }, call: ({ w }) => l2Penalty(w, 1) },
  ],
});
