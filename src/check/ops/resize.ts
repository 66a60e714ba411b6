/** Checks of resize. */
import type { Shape } from '../../engine/primitive.js';
import { type ResizeOptions, resize, resizeOp } from '../../kernels/resize.js';
import { resizeReference } from '../../reference/resize.js';
import { drawSigned, oneOf, wholeNumber } from '../draws.js';
import { type Case, opCheck } from '../op_check.js';

type Options = ResizeOptions & { readonly size: readonly [number, number] };

const given = (
  name: string,
  x: Shape,
  size: readonly [number, number],
  options: ResizeOptions = {},
): Case<'x', 'y', Options> => ({ name, inputs: { x }, options: { size, ...options } });

const attributesOf = (x: Shape, { size, method = 'bilinear', alignCorners = false }: Options) => ({
  size,
  from: x.slice(1, 3),
  isLinear: method === 'bilinear',
  alignsCorners: alignCorners,
});

export const resizeCheck = opCheck<'x', 'y', Options, ReturnType<typeof attributesOf>>({
  op: resizeOp,
  reference: resizeReference,
  attributes: ({ x }, options) => attributesOf(x, options),
  inputs: { x: { draw: drawSigned } },
  outputs: ['y'],
  magnitudes: 'multilinear',
  terms: ({ x }, { size }) => ({
    y: 4,
    x: size.reduce((product, extent, axis) => product * (2 + Math.ceil((2 * extent) / x[axis + 1]!)), 1),
  }),
  call: ({ x }, { size, ...options }) => ({ y: resize(x, size, options) }),
  primitives: {
    'resize/forward': ({ inputs, options, outputs }) => ({
      inputs,
      attributes: attributesOf(inputs.x.shape, options),
      results: { y: outputs.y },
    }),
    'resize/input_gradient': ({ inputs: { x }, options, outputGradients, gradients }) => ({
      inputs: { dy: outputGradients.y },
      attributes: attributesOf(x.shape, options),
      results: { dx: gradients.x! },
    }),
  },
  cases: [
    {
      ...given('by hand', [1, 1, 2, 1], [1, 4]),
      byHand: {
        inputs: { x: [1, 3] },
        outputs: { y: [1, 1.5, 2.5, 3] },
        gradients: { x: [2, 2] },
      },
    },
    {
      ...given('by hand, corners aligned', [1, 2, 2, 1], [3, 2], { alignCorners: true }),
      byHand: {
        inputs: { x: [1, 2, 3, 4] },
        outputs: { y: [1, 2, 2, 3, 3, 4] },
        gradients: { x: [1.5, 1.5, 1.5, 1.5] },
      },
    },
    {
      ...given('by hand, nearest', [1, 1, 3, 1], [1, 5], { method: 'nearest' }),
      byHand: {
        inputs: { x: [1, 2, 3] },
        outputs: { y: [1, 1, 2, 3, 3] },
        gradients: { x: [2, 1, 2] },
      },
    },
    given('larger', [2, 5, 7, 3], [11, 16]),
    given('smaller', [2, 11, 16, 3], [5, 7]),
    given('larger and smaller, corners aligned', [1, 9, 4, 2], [4, 13], { alignCorners: true }),
    given('nearest, smaller', [2, 11, 16, 3], [5, 7], { method: 'nearest' }),
    given('from one pixel', [2, 1, 1, 2], [3, 5], { alignCorners: true }),
    given('to one pixel', [2, 4, 5, 2], [1, 1]),
    { ...given('above a workgroup', [1, 9, 9, 1], [33, 65]), isThorough: true },
  ],
  random: (random) => {
    const extent = (): number => wholeNumber(random, 1, 9);
    const method = oneOf(random, ['nearest', 'bilinear'] as const);
    return {
      inputs: { x: [extent(), extent(), extent(), wholeNumber(random, 1, 3)] },
      options: { size: [extent(), extent()], method, alignCorners: method === 'bilinear' && random() < 0.5 },
    };
  },
  bench: [
    given('features twice as large', [128, 14, 14, 64], [28, 28]),
    given('photos', [32, 256, 256, 3], [224, 224]),
  ],
  wrongCalls: [
    { name: 'three axes', inputs: { x: [4, 4, 1] }, call: ({ x }) => resize(x, [2, 2]) },
    {
      name: 'bytes',
      inputs: { x: { shape: [1, 4, 4, 1], dtype: 'u8' } },
      call: ({ x }) => resize(x, [2, 2]),
    },
    { name: 'no rows', inputs: { x: [1, 4, 4, 1] }, call: ({ x }) => resize(x, [0, 2]) },
    {
      name: 'bicubic',
      inputs: { x: [1, 4, 4, 1] },
      call: ({ x }) => resize(x, [2, 2], { method: 'bicubic' as never }),
    },
    {
      name: 'the nearest pixel with corners aligned',
      inputs: { x: [1, 4, 4, 1] },
      call: ({ x }) => resize(x, [2, 2], { method: 'nearest', alignCorners: true }),
    },
    { name: 'too many pixels', inputs: { x: [1, 40_000, 1, 1] }, call: ({ x }) => resize(x, [40_000, 1]) },
  ],
});
