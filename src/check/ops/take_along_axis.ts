/** Checks of take_along_axis. */
import type { Shape } from '../../engine/primitive.js';
import { takeAlongAxis, takeAlongAxisOp } from '../../kernels/take_along_axis.js';
import { fill64 } from '../../reference/array64.js';
import { takeAlongAxisReference } from '../../reference/take_along_axis.js';
import { type Draw, drawSigned, wholeNumber } from '../draws.js';
import { type Case, opCheck } from '../op_check.js';

type Options = { readonly axis: number };
type Attributes = Options & { readonly shape: Shape; readonly taken: number };

/** Any index along the axis, some more than once. */
const drawIndices =
  (axis: number): Draw =>
  (random, shape, { x }) =>
    fill64(shape, () => wholeNumber(random, 0, x![axis]! - 1), 'u32');

const given = (name: string, x: Shape, taken: number, axis: number): Case<'x' | 'indices', 'y', Options> => ({
  name,
  inputs: { x, indices: x.with(axis, taken) },
  options: { axis },
  draw: { indices: drawIndices(axis) },
});

export const takeAlongAxisCheck = opCheck<'x' | 'indices', 'y', Options, Attributes>({
  op: takeAlongAxisOp,
  reference: takeAlongAxisReference,
  attributes: ({ x, indices }, { axis }) => ({ axis, shape: x, taken: indices[axis]! }),
  inputs: { x: { draw: drawSigned }, indices: { dtype: 'u32', draw: drawIndices(0) } },
  outputs: ['y'],
  magnitudes: 'multilinear',
  terms: ({ indices }, { axis }) => ({ x: indices[axis]! }),
  roundings: { y: 0 },
  call: ({ x, indices }, { axis }) => ({ y: takeAlongAxis(x, indices, axis) }),
  primitives: {
    'take_along_axis/forward': ({ inputs, options: { axis }, outputs }) => ({
      inputs,
      attributes: { axis, shape: inputs.x.shape, taken: inputs.indices.shape[axis]! },
      results: { y: outputs.y },
    }),
    'take_along_axis/input_gradient': ({
      inputs: { x, indices },
      options: { axis },
      outputGradients,
      gradients,
    }) => ({
      inputs: { indices, dy: outputGradients.y },
      attributes: { axis, shape: x.shape, taken: indices.shape[axis]! },
      results: { dx: gradients.x! },
    }),
  },
  cases: [
    {
      ...given('by hand', [2, 3], 2, 1),
      byHand: {
        inputs: { x: [1, 2, 3, 4, 5, 6], indices: [2, 2, 0, 1] },
        outputs: { y: [3, 3, 4, 5] },
        gradients: { x: [0, 0, 2, 1, 1, 0] },
      },
    },
    given('one of everything', [1], 1, 0),
    given('the first axis', [3, 5, 7], 4, 0),
    given('the middle', [3, 5, 7], 9, 1),
    given('above a workgroup', [65, 10], 3, 1),
  ],
  random: (random) => {
    const axis = wholeNumber(random, 0, 2);
    const x = Array.from({ length: 3 }, () => wholeNumber(random, 1, 9));
    return given('', x, wholeNumber(random, 1, 9), axis);
  },
  bench: [given('five of many classes', [128, 1000], 5, 1)],
  wrongCalls: [
    {
      name: 'other extents',
      inputs: { x: [2, 3], indices: { shape: [3, 1], dtype: 'u32' } },
      call: ({ x, indices }) => takeAlongAxis(x, indices),
    },
    {
      name: 'no such axis',
      inputs: { x: [2, 3], indices: { shape: [2, 1], dtype: 'u32' } },
      call: ({ x, indices }) => takeAlongAxis(x, indices, 2),
    },
    {
      name: 'floats as indices',
      inputs: { x: [2, 3], indices: [2, 1] },
      call: ({ x, indices }) => takeAlongAxis(x, indices),
    },
  ],
});
