/** Checks of concatenate with two tensors; the op joins more of them pairwise. */
import type { Shape } from '../../engine/primitive.js';
import { concatenate, concatenateOp } from '../../kernels/concatenate.js';
import { concatenateReference } from '../../reference/concatenate.js';
import { drawSigned, wholeNumber } from '../draws.js';
import { type Case, opCheck } from '../op_check.js';

type Options = { readonly axis: number };

const given = (
  name: string,
  [a, b]: readonly [Shape, Shape],
  axis: number,
): Case<'a' | 'b', 'y', Options> => ({
  name,
  inputs: { a, b },
  options: { axis },
});

export const concatenateCheck = opCheck<'a' | 'b', 'y', Options>({
  op: concatenateOp,
  reference: concatenateReference,
  inputs: { a: { draw: drawSigned }, b: { draw: drawSigned } },
  outputs: ['y'],
  roundings: { a: 0, b: 0, y: 0 },
  call: ({ a, b }, { axis }) => ({ y: concatenate([a, b], axis) }),
  primitives: {
    'concatenate/forward': ({ inputs, options, outputs }) => ({
      inputs,
      attributes: options,
      results: { y: outputs.y },
    }),
    // The gradient of the second operand, which does not start where dy starts.
    'concatenate/input_gradient': ({ inputs: { a, b }, options: { axis }, outputGradients, gradients }) => ({
      inputs: { dy: outputGradients.y },
      attributes: { axis, first: a.shape[axis]!, extent: b.shape[axis]! },
      results: { dx: gradients.b! },
    }),
  },
  cases: [
    {
      ...given(
        'by hand',
        [
          [2, 2],
          [2, 1],
        ],
        1,
      ),
      byHand: {
        inputs: { a: [1, 2, 3, 4], b: [5, 6] },
        outputs: { y: [1, 2, 5, 3, 4, 6] },
        gradients: { a: [1, 1, 1, 1], b: [1, 1] },
      },
    },
    given('one of everything', [[1], [1]], 0),
    given(
      'samples',
      [
        [3, 5, 7],
        [2, 5, 7],
      ],
      0,
    ),
    given(
      'rows',
      [
        [3, 5, 7],
        [3, 1, 7],
      ],
      1,
    ),
    given(
      'channels of images',
      [
        [2, 5, 7, 3],
        [2, 5, 7, 8],
      ],
      3,
    ),
    given(
      'a few channels after many',
      [
        [65, 33],
        [65, 1],
      ],
      1,
    ),
    given('above a workgroup', [[1031], [257]], 0),
    given(
      'many elements per invocation',
      [
        [70, 130],
        [70, 121],
      ],
      1,
    ),
  ],
  random: (random) => {
    const axis = wholeNumber(random, 0, 3);
    const a = Array.from({ length: 4 }, () => wholeNumber(random, 1, 9));
    return { inputs: { a, b: a.with(axis, wholeNumber(random, 1, 9)) }, options: { axis } };
  },
  bench: [
    given(
      'two branches of 32 channels',
      [
        [128, 28, 28, 32],
        [128, 28, 28, 32],
      ],
      3,
    ),
    given(
      'features',
      [
        [128, 3136],
        [128, 256],
      ],
      1,
    ),
  ],
  wrongCalls: [
    {
      name: 'an axis too many',
      inputs: { a: [2, 3], b: [2, 3] },
      call: ({ a, b }) => concatenate([a, b], 2),
    },
    { name: 'other extents', inputs: { a: [2, 3], b: [3, 3] }, call: ({ a, b }) => concatenate([a, b], 1) },
    { name: 'fewer axes', inputs: { a: [2, 3], b: [3] }, call: ({ a, b }) => concatenate([a, b]) },
    {
      name: 'labels',
      inputs: { a: [2], b: { shape: [2], dtype: 'u32' } },
      call: ({ a, b }) => concatenate([a, b]),
    },
    { name: 'nothing', inputs: { a: [2], b: [2] }, call: () => concatenate([]) },
  ],
});
