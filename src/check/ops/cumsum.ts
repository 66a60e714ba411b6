/** Checks of cumsum. */
import type { Shape } from '../../engine/primitive.js';
import { cumsum, cumsumOp } from '../../kernels/cumsum.js';
import { cumsumReference } from '../../reference/cumsum.js';
import { drawSigned, oneOf, wholeNumber } from '../draws.js';
import { type Case, opCheck } from '../op_check.js';

type Options = { readonly axis: number; readonly isReversed: boolean; readonly isExclusive: boolean };

const given = (
  name: string,
  x: Shape,
  axis: number,
  { isReversed = false, isExclusive = false }: Partial<Options> = {},
): Case<'x', 'y', Options> => ({ name, inputs: { x }, options: { axis, isReversed, isExclusive } });

export const cumsumCheck = opCheck<'x', 'y', Options>({
  op: cumsumOp,
  reference: cumsumReference,
  inputs: { x: { draw: drawSigned } },
  outputs: ['y'],
  magnitudes: 'multilinear',
  terms: ({ x }, { axis }) => ({ x: x[axis]!, y: x[axis]! }),
  call: ({ x }, { axis, isReversed, isExclusive }) => ({
    y: cumsum(x, axis, { reverse: isReversed, exclusive: isExclusive }),
  }),
  primitives: {
    'cumsum/forward': ({ inputs, options, outputs }) => ({
      inputs,
      attributes: options,
      results: { y: outputs.y },
    }),
  },
  cases: [
    {
      ...given('by hand', [2, 3], 1),
      byHand: {
        inputs: { x: [1, 2, 3, 4, 5, 6] },
        outputs: { y: [1, 3, 6, 4, 9, 15] },
        gradients: { x: [3, 2, 1, 3, 2, 1] },
      },
    },
    {
      ...given('by hand, without the element, from the end', [3], 0, { isReversed: true, isExclusive: true }),
      byHand: { inputs: { x: [1, 2, 4] }, outputs: { y: [6, 4, 0] }, gradients: { x: [0, 1, 2] } },
    },
    given('an axis between others', [3, 7, 5], 1, { isExclusive: true }),
    given('above a workgroup', [9, 65], 0, { isReversed: true }),
    { ...given('long rows', [2, 1031], 1), isThorough: true },
  ],
  random: (random) => ({
    inputs: { x: Array.from({ length: 3 }, () => wholeNumber(random, 1, 9)) },
    options: {
      axis: wholeNumber(random, 0, 2),
      isReversed: oneOf(random, [true, false]),
      isExclusive: oneOf(random, [true, false]),
    },
  }),
  bench: [given('scores of classes', [128, 1000], 1)],
  wrongCalls: [
    { name: 'not f32', inputs: { x: { shape: [4], dtype: 'u32' } }, call: ({ x }) => cumsum(x) },
    { name: 'no such axis', inputs: { x: [2, 3] }, call: ({ x }) => cumsum(x, 2) },
    { name: 'no axis', inputs: { x: [] }, call: ({ x }) => cumsum(x) },
  ],
});
