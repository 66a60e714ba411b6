/** Checks of linspace. */
import { type LinspaceAttributes, linspace, linspaceOp } from '../../kernels/linspace.js';
import { linspaceReference } from '../../reference/linspace.js';
import { opCheck } from '../op_check.js';

export const linspaceCheck = opCheck<never, 'y', LinspaceAttributes>({
  op: linspaceOp,
  reference: linspaceReference,
  inputs: {},
  outputs: ['y'],
  call: (_, { start, step, count }) => ({ y: linspace(start, start + step * (count - 1), count) }),
  primitives: {
    'linspace/forward': ({ options, outputs }) => ({
      inputs: {},
      attributes: options,
      results: { y: outputs.y },
    }),
  },
  cases: [
    {
      name: 'by hand',
      inputs: {},
      options: { start: -1, step: 0.5, count: 4 },
      byHand: { inputs: {}, outputs: { y: [-1, -0.5, 0, 0.5] } },
    },
    { name: 'above a workgroup', inputs: {}, options: { start: 0, step: 0.125, count: 4099 } },
    { name: 'one number', inputs: {}, options: { start: 7, step: 0, count: 1 } },
  ],
  bench: [{ name: 'thresholds', inputs: {}, options: { start: 0, step: 1 / 199, count: 200 } }],
  wrongCalls: [
    { name: 'no number', inputs: {}, call: () => linspace(0, 1, 0) },
    { name: 'NaN', inputs: {}, call: () => linspace(Number.NaN, 1, 3) },
  ],
});
