/**
 * Checks of filter2d, with any number of iterations.
 * Letters: N images of H × W pixels with C channels; kernel K × K.
 */
import { filter2d, filter2dOp } from '../../kernels/filter2d.js';
import { filterKernels } from '../../kernels/filter_kernels.js';
import { map64 } from '../../reference/array64.js';
import {
  type FilterAttributes,
  filter2dReference,
  filter64,
  filterGradient64,
} from '../../reference/filter2d.js';
import { drawSigned, oneOf, wholeNumber } from '../draws.js';
import { type Case, opCheck } from '../op_check.js';

const absolute = ({ kernel, iterations }: FilterAttributes): FilterAttributes => ({
  kernel: kernel.map(Math.abs),
  iterations,
});

type FilterCase = Case<'x', 'y', FilterAttributes>;

const filter = (
  name: string,
  x: readonly number[],
  kernel: readonly number[],
  iterations = 1,
): FilterCase => ({ name, inputs: { x }, options: { kernel, iterations } });

/** No symmetry, mixed signs, one tap of 0; exact in f32. */
const uneven3 = [1, -2, 3, 5, -8, 13, -21, 34, 0].map((weight) => weight / 16);
const uneven5 = Array.from({ length: 25 }, (_, i) => ((i * 7) % 25) / 8 - 1.25);

export const filter2dCheck = opCheck<'x', 'y', FilterAttributes>({
  op: filter2dOp,
  reference: filter2dReference,
  inputs: { x: { draw: drawSigned } },
  outputs: ['y'],
  magnitudes: ({ x }, { y: dy }, options) => ({
    outputs: { y: filter64(map64(x, Math.abs), absolute(options)) },
    gradients: { x: filterGradient64(map64(dy, Math.abs), absolute(options)) },
  }),
  // The errors of each iteration add up: 4·√terms is 4·iterations·√taps.
  terms: (_, { kernel, iterations }) => {
    const terms = iterations ** 2 * kernel.length;
    return { x: terms, y: terms };
  },
  call: ({ x }, { kernel, iterations }) => ({ y: filter2d(x, kernel, { iterations }) }),
  primitives: {
    'filter2d/forward': ({ inputs, options, outputs }) => ({
      inputs,
      attributes: options,
      results: { y: outputs.y },
    }),
  },
  cases: [
    {
      ...filter('by hand', [1, 2, 3, 1], [1, 2, 3, 4, 5, 6, 7, 8, 9]),
      byHand: {
        inputs: { x: [1, 2, 3, 4, 5, 6] },
        outputs: { y: [94, 154, 106, 58, 91, 58] },
        gradients: { x: [12, 21, 16, 24, 39, 28] },
      },
    },
    filter('odd sizes', [2, 7, 5, 3], uneven3),
    filter('5×5', [2, 9, 8, 3], uneven5),
    filter('blur, twice', [3, 6, 7, 1], filterKernels.blur, 2),
    filter('blur, five times', [2, 11, 13, 1], filterKernels.blur, 5),
    filter('sharpen, three times', [1, 8, 9, 2], filterKernels.sharpen, 3),
    filter('5×5, four times', [1, 7, 6, 1], uneven5, 4),
    filter('one pixel', [5, 1, 1, 2], uneven3),
    filter('one row, 5×5', [3, 1, 9, 1], uneven5),
    filter('images smaller than the window', [4, 2, 3, 1], uneven5, 2),
    filter('all weights 0', [1, 4, 4, 1], Array<number>(9).fill(0)),
    filter('one element above a workgroup', [1, 5, 13, 1], uneven3),
    // On a software device 2,048 elements fill 16 workgroups of 8 lanes with 16 elements each.
    filter('one element below 16 workgroups', [1, 23, 89, 1], uneven3, 2),
    filter('16 workgroups', [2, 32, 32, 1], uneven3),
    filter('one element above 16 workgroups', [1, 3, 683, 1], uneven3),
  ],
  random: (random) => ({
    inputs: {
      x: [
        wholeNumber(random, 1, 4),
        wholeNumber(random, 1, 12),
        wholeNumber(random, 1, 12),
        wholeNumber(random, 1, 4),
      ],
    },
    options: {
      kernel: Array.from({ length: oneOf(random, [9, 25]) }, () => 2 * random() - 1),
      iterations: wholeNumber(random, 1, 3),
    },
  }),
  bench: [
    filter('blur ×5, digits', [128, 28, 28, 1], filterKernels.blur, 5),
    filter('sharpen, digits', [128, 28, 28, 1], filterKernels.sharpen),
  ],
  wrongCalls: [
    { name: 'three axes', inputs: { x: [28, 28, 1] }, call: ({ x }) => filter2d(x, filterKernels.blur) },
    {
      name: 'bytes',
      inputs: { x: { shape: [1, 4, 4, 1], dtype: 'u8' } },
      call: ({ x }) => filter2d(x, filterKernels.blur),
    },
    { name: 'a kernel of 2×2', inputs: { x: [1, 4, 4, 1] }, call: ({ x }) => filter2d(x, [1, 2, 3, 4]) },
    {
      name: 'a weight that is NaN',
      inputs: { x: [1, 4, 4, 1] },
      call: ({ x }) => filter2d(x, [0, 0, 0, 0, NaN, 0, 0, 0, 0]),
    },
    {
      name: 'a weight too large for an f32',
      inputs: { x: [1, 4, 4, 1] },
      call: ({ x }) => filter2d(x, [0, 0, 0, 0, 1e39, 0, 0, 0, 0]),
    },
    {
      name: 'not once',
      inputs: { x: [1, 4, 4, 1] },
      call: ({ x }) => filter2d(x, filterKernels.blur, { iterations: 0 }),
    },
  ],
});
