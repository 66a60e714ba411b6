/** Checks of grid_sample. */
import type { Shape } from '../../engine/primitive.js';
import { type GridSampleOptions, gridSample, gridSampleOp } from '../../kernels/grid_sample.js';
import { type Array64, fill64, map64 } from '../../reference/array64.js';
import { type GridSampleAttributes, gridSampleReference } from '../../reference/grid_sample.js';
import { type Draw, drawSigned, oneOf, wholeNumber } from '../draws.js';
import { type Case, opCheck } from '../op_check.js';

type Options = GridSampleOptions;
type Attributes = GridSampleAttributes & { readonly orders: readonly number[] };

const attributesOf = ({
  method = 'bilinear',
  padding = 'zeros',
  alignCorners = false,
}: Options): Attributes => ({
  isLinear: method === 'bilinear',
  isBorder: padding === 'border',
  alignsCorners: alignCorners,
  orders: [0, 0],
});

/**
 * From a pixel outside x on one side to one on the other, and at least a tenth of a pixel from where the weights or the nearest pixel
 * change: from pixels with the edges aligned, and nearly so with the centres aligned.
 */
const drawGrid =
  (alignsCorners = false): Draw =>
  (random, shape, { x }) =>
    fill64(shape, (i) => {
      const extent = x![i % 2 === 0 ? 2 : 1]!;
      const quarter = oneOf(random, [0.15, 0.35, 0.65, 0.85]) + 0.05 * random();
      const at = wholeNumber(random, -2, extent) + quarter;
      return Math.fround(alignsCorners ? (2 * at) / Math.max(extent - 1, 1) - 1 : (2 * at + 1) / extent - 1);
    });

const given = (
  name: string,
  [x, grid]: readonly [Shape, Shape],
  options: Options = {},
): Case<'x' | 'grid', 'y', Options> => ({
  name,
  inputs: { x, grid },
  options,
  draw: { grid: drawGrid(options.alignCorners) },
});

const absolute = (x: Array64): Array64 => map64(x, Math.abs);

/** Σ|terms| of dgrid: each of the two pixels along an axis has the weight of the slope, of either sign. */
function slopeTerms(x: Array64, grid: Array64, dy: Array64): Array64 {
  const [, H, W, C] = x.shape as [number, number, number, number];
  const largest = Math.max(0, ...x.values.map(Math.abs).filter(Number.isFinite));
  return fill64(grid.shape, (i) => {
    const row = dy.values.subarray(Math.floor(i / 2) * C, (Math.floor(i / 2) + 1) * C);
    return row.reduce((sum, value) => sum + Math.abs(value), 0) * largest * (i % 2 === 0 ? W : H);
  });
}

export const gridSampleCheck = opCheck<'x' | 'grid', 'y', Options, Attributes>({
  op: gridSampleOp,
  reference: gridSampleReference,
  attributes: (_, options) => attributesOf(options),
  inputs: { x: { draw: drawSigned }, grid: { draw: drawGrid() } },
  outputs: ['y'],
  magnitudes: ({ x, grid }, { y: dy }, options) => {
    const attributes = attributesOf(options);
    const gradients = gridSampleReference.backward!({ x, grid }, { y: absolute(dy) }, attributes);
    return {
      outputs: gridSampleReference.forward({ x: absolute(x), grid }, attributes),
      gradients: { x: gradients.x!, grid: slopeTerms(x, grid, dy) },
    };
  },
  terms: ({ x, grid }) => ({ y: 4, x: 4 * grid[1]! * grid[2]!, grid: 4 * x[3]! }),
  // A position is rounded in pixels; the weights of a pixel may be a hundredth.
  roundings: { y: 400, x: 800, grid: 200 },
  call: ({ x, grid }, options) => ({ y: gridSample(x, grid, options) }),
  primitives: {
    'grid_sample/forward': ({ inputs, options, outputs }) => ({
      inputs,
      attributes: attributesOf(options),
      results: { y: outputs.y },
    }),
    'grid_sample/input_gradient': ({ inputs: { x, grid }, options, outputGradients, gradients }) => ({
      inputs: { dy: outputGradients.y, grid },
      attributes: { ...attributesOf(options), size: x.shape.slice(1, 3) },
      results: { dx: gradients.x! },
    }),
  },
  cases: [
    {
      ...given('by hand', [
        [1, 2, 4, 1],
        [1, 1, 3, 2],
      ]),
      byHand: {
        // Between columns 0 and 1 and rows 0 and 1; half outside at the left of row 0; outside.
        inputs: { x: [1, 3, 5, 7, 2, 6, 10, 14], grid: [-0.5, 0, -1, -0.5, 2, 0] },
        outputs: { y: [3, 0.5, 0] },
        gradients: {
          x: [0.75, 0.25, 0, 0, 0.25, 0.25, 0, 0],
          // dy/du: (½·(3 − 1) + ½·(6 − 2)) · 2; x[0]·2. dy/dv: ((2 − 1) + (6 − 3)) · ½; half of x[0] has no row above.
          grid: [6, 2, 2, 0.5, 0, 0],
        },
      },
      isSmooth: false,
    },
    {
      ...given(
        'by hand, border, corners aligned, nearest',
        [
          [1, 1, 3, 1],
          [1, 1, 4, 2],
        ],
        {
          method: 'nearest',
          padding: 'border',
          alignCorners: true,
        },
      ),
      byHand: {
        inputs: { x: [1, 2, 3], grid: [-5, 0, -0.25, 0, 0.75, 0, 1, 9] },
        outputs: { y: [1, 2, 3, 3] },
        gradients: { x: [1, 1, 2] },
      },
      isSmooth: false,
    },
    given('zeros outside', [
      [2, 5, 7, 3],
      [2, 4, 6, 2],
    ]),
    given(
      'the border outside',
      [
        [2, 5, 7, 3],
        [2, 4, 6, 2],
      ],
      { padding: 'border' },
    ),
    given(
      'corners aligned',
      [
        [2, 5, 4, 2],
        [2, 3, 5, 2],
      ],
      { alignCorners: true },
    ),
    given(
      'the nearest pixel',
      [
        [2, 5, 7, 3],
        [2, 4, 6, 2],
      ],
      { method: 'nearest' },
    ),
    given(
      'many positions in few pixels',
      [
        [1, 2, 2, 1],
        [1, 9, 17, 2],
      ],
      { padding: 'border' },
    ),
    {
      ...given('above a workgroup', [
        [2, 11, 13, 2],
        [2, 9, 11, 2],
      ]),
      isThorough: true,
    },
  ],
  bench: [
    given('a warp of digits', [
      [128, 28, 28, 1],
      [128, 28, 28, 2],
    ]),
  ],
  wrongCalls: [
    {
      name: 'three axes',
      inputs: { x: [4, 4, 1], grid: [1, 2, 2, 2] },
      call: ({ x, grid }) => gridSample(x, grid),
    },
    {
      name: 'another batch',
      inputs: { x: [2, 4, 4, 1], grid: [1, 2, 2, 2] },
      call: ({ x, grid }) => gridSample(x, grid),
    },
    {
      name: 'three coordinates',
      inputs: { x: [1, 4, 4, 1], grid: [1, 2, 2, 3] },
      call: ({ x, grid }) => gridSample(x, grid),
    },
    {
      name: 'a padding unknown',
      inputs: { x: [1, 4, 4, 1], grid: [1, 2, 2, 2] },
      call: ({ x, grid }) => gridSample(x, grid, { padding: 'reflection' as never }),
    },
  ],
});
