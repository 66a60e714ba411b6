/** Checks of slice; reverse, split and unstack are slices. */
import type { Shape } from '../../engine/primitive.js';
import { slice, sliceOp } from '../../kernels/slice.js';
import { sliceReference } from '../../reference/slice.js';
import { drawSigned, oneOf, wholeNumber } from '../draws.js';
import { type Case, opCheck } from '../op_check.js';

type Options = {
  readonly begin: readonly number[];
  readonly size: readonly number[];
  readonly strides: readonly number[];
};

const given = (
  name: string,
  x: Shape,
  begin: readonly number[],
  size: readonly number[],
  strides: readonly number[] = x.map(() => 1),
): Case<'x', 'y', Options> => ({ name, inputs: { x }, options: { begin, size, strides } });

export const sliceCheck = opCheck<'x', 'y', Options>({
  op: sliceOp,
  reference: sliceReference,
  inputs: { x: { draw: drawSigned } },
  outputs: ['y'],
  roundings: { x: 0, y: 0 },
  call: ({ x }, { begin, size, strides }) => ({ y: slice(x, begin, size, strides) }),
  primitives: {
    'slice/forward': ({ inputs, options, outputs }) => ({
      inputs,
      attributes: options,
      results: { y: outputs.y },
    }),
    'slice/input_gradient': ({ inputs: { x }, options, outputGradients, gradients }) => ({
      inputs: { dy: outputGradients.y },
      attributes: { ...options, shape: x.shape },
      results: { dx: gradients.x! },
    }),
  },
  cases: [
    {
      ...given('by hand', [3, 3], [2, 1], [2, 2], [-1, 1]),
      byHand: {
        inputs: { x: [1, 2, 3, 4, 5, 6, 7, 8, 9] },
        outputs: { y: [8, 9, 5, 6] },
        gradients: { x: [0, 0, 0, 0, 1, 1, 0, 1, 1] },
      },
    },
    given('one element', [7], [3], [1]),
    given('a crop', [2, 9, 11, 3], [0, 2, 1, 0], [2, 5, 9, 3]),
    given('every third backwards', [65, 33], [64, 31], [22, 11], [-3, -3]),
    given('above a workgroup', [2100], [1], [1049], [2]),
  ],
  random: (random) => {
    const x = Array.from({ length: 4 }, () => wholeNumber(random, 1, 9));
    const strides = x.map(() => oneOf(random, [1, 1, -1, 2, -3]));
    const begin = x.map((extent) => wholeNumber(random, 0, extent - 1));
    const size = x.map((extent, axis) => {
      const room = strides[axis]! > 0 ? extent - 1 - begin[axis]! : begin[axis]!;
      return wholeNumber(random, 1, Math.floor(room / Math.abs(strides[axis]!)) + 1);
    });
    return { inputs: { x }, options: { begin, size, strides } };
  },
  bench: [
    given('a crop of images', [128, 28, 28, 32], [0, 2, 2, 0], [128, 24, 24, 32]),
    given('images mirrored', [128, 28, 28, 32], [0, 0, 27, 0], [128, 28, 28, 32], [1, 1, -1, 1]),
  ],
  wrongCalls: [
    { name: 'not f32', inputs: { x: { shape: [4], dtype: 'u32' } }, call: ({ x }) => slice(x, 1) },
    { name: 'begin behind the end', inputs: { x: [4] }, call: ({ x }) => slice(x, 4) },
    { name: 'more than there is', inputs: { x: [2, 4] }, call: ({ x }) => slice(x, [0, 1], [2, 4]) },
    { name: 'nothing', inputs: { x: [4] }, call: ({ x }) => slice(x, 0, 0) },
    { name: 'an axis too many', inputs: { x: [4] }, call: ({ x }) => slice(x, [0, 0]) },
    { name: 'stride 0', inputs: { x: [4] }, call: ({ x }) => slice(x, 0, 1, 0) },
    { name: 'half an element', inputs: { x: [4] }, call: ({ x }) => slice(x, 0.5) },
  ],
});
