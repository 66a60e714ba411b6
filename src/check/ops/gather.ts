/** Checks of gather. */
import type { Shape } from '../../engine/primitive.js';
import { gather, gatherOp } from '../../kernels/gather.js';
import { fill64, map64 } from '../../reference/array64.js';
import { gatherReference } from '../../reference/gather.js';
import { type Draw, drawSigned, oneOf, wholeNumber } from '../draws.js';
import { type Case, opCheck } from '../op_check.js';

type Options = { readonly axis: number };

/** Of the first `most` entries of every axis of x, so that they are inside whichever axis is chosen. */
const drawIndices =
  (most = Infinity): Draw =>
  (random, shape, { x }) => {
    const extent = Math.min(most, ...x!);
    return fill64(shape, () => wholeNumber(random, 0, extent - 1));
  };

const given = (
  name: string,
  [x, indices]: readonly [Shape, Shape],
  axis: number,
): Case<'x' | 'indices', 'y', Options> => ({ name, inputs: { x, indices }, options: { axis } });

export const gatherCheck = opCheck<'x' | 'indices', 'y', Options, Options & { isZeroOutside: boolean }>({
  op: gatherOp,
  reference: gatherReference,
  attributes: (_, { axis }) => ({ axis, isZeroOutside: false }),
  inputs: { x: { draw: drawSigned }, indices: { dtype: 'u32', draw: drawIndices() } },
  outputs: ['y'],
  roundings: { y: 0 },
  magnitudes: ({ x, indices }, { y: dy }, { axis }) => ({
    outputs: {},
    gradients: gatherReference.backward!(
      { x, indices },
      { y: map64(dy, Math.abs) },
      { axis, isZeroOutside: false },
    ),
  }),
  terms: ({ indices }) => ({ x: indices.reduce((product, extent) => product * extent, 1) }),
  call: ({ x, indices }, { axis }) => ({ y: gather(x, indices, axis) }),
  primitives: {
    'gather/forward': ({ inputs, options: { axis }, outputs }) => ({
      inputs,
      attributes: { axis, isZeroOutside: false },
      results: { y: outputs.y },
    }),
    'gather/input_gradient': ({ inputs: { x, indices }, options: { axis }, outputGradients, gradients }) => ({
      inputs: { dy: outputGradients.y, indices },
      attributes: { axis, shape: x.shape },
      results: { dx: gradients.x! },
    }),
  },
  cases: [
    {
      ...given('by hand', [[3, 2], [4]], 0),
      byHand: {
        inputs: { x: [1, 2, 3, 4, 5, 6], indices: [2, 0, 2, 2] },
        outputs: { y: [5, 6, 1, 2, 5, 6, 5, 6] },
        gradients: { x: [1, 1, 0, 0, 3, 3] },
      },
    },
    given(
      'embeddings',
      [
        [37, 5],
        [3, 7],
      ],
      0,
    ),
    given('one index of channels', [[2, 3, 4], []], 2),
    given('an axis between others', [[3, 65, 2], [5]], 1),
    {
      ...given('many places of few indices', [[130], [333]], 0),
      draw: { indices: drawIndices(3) },
    },
    {
      ...given('indices outside', [[3, 2], [4]], 0),
      draw: { indices: (_, shape) => fill64(shape, (i) => [3, 1, 0xffffffff, 1][i]!) },
      isSmooth: false,
    },
  ],
  random: (random) => {
    const x = Array.from({ length: 3 }, () => wholeNumber(random, 1, 9));
    const indices = oneOf<number[]>(random, [[wholeNumber(random, 1, 40)], [2, 3], []]);
    return { inputs: { x, indices }, options: { axis: wholeNumber(random, 0, 2) } };
  },
  bench: [
    given(
      'embeddings of 64 texts',
      [
        [10_000, 64],
        [64, 100],
      ],
      0,
    ),
  ],
  wrongCalls: [
    {
      name: 'no such axis',
      inputs: { x: [2, 3], indices: { shape: [1], dtype: 'u32' } },
      call: ({ x, indices }) => gather(x, indices, 2),
    },
    {
      name: 'indices of bytes',
      inputs: { x: [2, 3], indices: { shape: [4], dtype: 'u8' } },
      call: ({ x, indices }) => gather(x, indices),
    },
    {
      name: 'integers',
      inputs: { x: { shape: [2], dtype: 'u32' }, indices: { shape: [1], dtype: 'u32' } },
      call: ({ x, indices }) => gather(x, indices),
    },
  ],
});
