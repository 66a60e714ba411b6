/** Checks of in_epoch. */
import { type InEpochAttributes, inEpoch, inEpochOp } from '../../kernels/in_epoch.js';
import { stateSize } from '../../kernels/step_state.js';
import { inEpochReference } from '../../reference/in_epoch.js';
import { drawSigned } from '../draws.js';
import { opCheck } from '../op_check.js';
import { stateAt } from './batch_gather.js';

const state = [stateSize];

export const inEpochCheck = opCheck<'x' | 'state', 'y', InEpochAttributes>({
  op: inEpochOp,
  reference: inEpochReference,
  inputs: { x: { draw: drawSigned }, state: { dtype: 'u32', draw: stateAt(0, 2 ** 31) } },
  outputs: ['y'],
  magnitudes: 'multilinear',
  roundings: { x: 0, y: 0 },
  call: ({ x, state }) => ({ y: inEpoch(x, state) }),
  primitives: {
    'in_epoch/forward': ({ inputs, options, outputs }) => ({
      inputs,
      attributes: options,
      results: { y: outputs.y },
    }),
  },
  cases: [
    {
      // The cursor stands at 2 of 4: two samples count.
      name: 'by hand',
      inputs: { x: [3, 2], state },
      options: { perSample: 2 },
      byHand: {
        inputs: { x: [1, 2, 3, 4, 5, 6], state: [0, 0, 2, 4, 0, 0, 0, 0] },
        outputs: { y: [1, 2, 3, 4, 0, 0] },
        gradients: { x: [1, 1, 1, 1, 0, 0] },
      },
    },
    {
      name: 'a partial batch',
      inputs: { x: [67, 5], state },
      options: { perSample: 5 },
      draw: { state: stateAt(900, 933) },
    },
    { name: 'a whole batch', inputs: { x: [129], state }, options: { perSample: 1 } },
  ],
  bench: [{ name: 'losses, batch 128', inputs: { x: [128], state }, options: { perSample: 1 } }],
  wrongCalls: [
    { name: 'state not u32', inputs: { x: [4], state }, call: ({ x, state }) => inEpoch(x, state) },
  ],
});
