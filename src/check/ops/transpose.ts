/** Checks of transpose. */
import type { Shape } from '../../engine/primitive.js';
import { transpose, transposeOp } from '../../kernels/transpose.js';
import { transposeReference } from '../../reference/transpose.js';
import { drawSigned, oneOf, wholeNumber } from '../draws.js';
import { type Case, opCheck } from '../op_check.js';

type Options = { readonly permutation: readonly number[] };

const given = (name: string, x: Shape, permutation: readonly number[]): Case<'x', 'y', Options> => ({
  name,
  inputs: { x },
  options: { permutation },
});

export const transposeCheck = opCheck<'x', 'y', Options>({
  op: transposeOp,
  reference: transposeReference,
  inputs: { x: { draw: drawSigned } },
  outputs: ['y'],
  roundings: { x: 0, y: 0 },
  call: ({ x }, { permutation }) => ({ y: transpose(x, permutation) }),
  primitives: {
    'transpose/forward': ({ inputs, options, outputs }) => ({
      inputs,
      attributes: options,
      results: { y: outputs.y },
    }),
  },
  cases: [
    {
      ...given('by hand', [2, 3], [1, 0]),
      byHand: {
        inputs: { x: [1, 2, 3, 4, 5, 6] },
        outputs: { y: [1, 4, 2, 5, 3, 6] },
        gradients: { x: [1, 1, 1, 1, 1, 1] },
      },
    },
    given('one axis', [9], [0]),
    given('a matrix above a workgroup', [65, 33], [1, 0]),
    given('three axes, rotated', [3, 5, 7], [2, 0, 1]),
    given('channels first', [2, 5, 7, 3], [0, 3, 1, 2]),
    given('channels last', [2, 3, 5, 7], [0, 2, 3, 1]),
    given('reversed', [2, 3, 4, 5], [3, 2, 1, 0]),
  ],
  random: (random) => {
    return {
      inputs: { x: Array.from({ length: 4 }, () => wholeNumber(random, 1, 9)) },
      options: {
        permutation: oneOf<number[]>(random, [
          [0, 1, 2, 3],
          [1, 3, 0, 2],
          [3, 0, 2, 1],
          [0, 2, 1, 3],
        ]),
      },
    };
  },
  bench: [
    given('dense1 of paper', [3136, 256], [1, 0]),
    given('channels first', [128, 28, 28, 32], [0, 3, 1, 2]),
  ],
  wrongCalls: [{ name: 'an axis twice', inputs: { x: [2, 3] }, call: ({ x }) => transpose(x, [0, 0]) }],
});
