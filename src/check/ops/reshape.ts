/** Checks of reshape. */
import { reshape, reshapeOp } from '../../kernels/reshape.js';
import { reshapeReference } from '../../reference/reshape.js';
import { drawSigned } from '../draws.js';
import { opCheck } from '../op_check.js';

type Options = { readonly shape: readonly number[] };

export const reshapeCheck = opCheck<'x', 'y', Options>({
  op: reshapeOp,
  reference: reshapeReference,
  inputs: { x: { draw: drawSigned } },
  outputs: ['y'],
  roundings: { x: 0, y: 0 },
  call: ({ x }, { shape }) => ({ y: reshape(x, shape) }),
  primitives: {},
  cases: [
    {
      name: 'by hand',
      inputs: { x: [2, 3] },
      options: { shape: [3, 2] },
      byHand: {
        inputs: { x: [1, 2, 3, 4, 5, 6] },
        outputs: { y: [1, 2, 3, 4, 5, 6] },
        gradients: { x: [1, 1, 1, 1, 1, 1] },
      },
    },
    { name: 'flatten', inputs: { x: [3, 7, 7, 2] }, options: { shape: [3, 98] } },
    { name: 'to a scalar', inputs: { x: [1, 1] }, options: { shape: [] } },
    { name: 'to the same', inputs: { x: [5, 3] }, options: { shape: [5, 3] } },
  ],
  bench: [],
  wrongCalls: [
    { name: 'sizes differ', inputs: { x: [2, 3] }, call: ({ x }) => reshape(x, [4, 2]) },
    { name: 'no extent fits', inputs: { x: [2, 3] }, call: ({ x }) => reshape(x, [4, -1]) },
    { name: 'two unknowns', inputs: { x: [2, 3] }, call: ({ x }) => reshape(x, [-1, -1]) },
  ],
});
