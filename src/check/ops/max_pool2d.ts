/**
 * Checks of max_pool2d.
 * Letters: N images of H × W pixels with C channels; windows of KH × KW; P × Q windows per image.
 */
import { maxPool2d, maxPool2dOp } from '../../kernels/max_pool2d.js';
import { map64 } from '../../reference/array64.js';
import { maxPool2dReference, maxPoolBackward64, maxPoolGather64 } from '../../reference/max_pool2d.js';
import type { PoolAttributes } from '../../reference/pool2d.js';
import { drawDistinct, drawTies } from '../draws.js';
import { type Case, opCheck } from '../op_check.js';
import { type PoolCaseOptions, poolAttributes, randomPool } from './pool2d.js';

type PoolCase = Case<'x', 'y', PoolCaseOptions>;

function pool(
  name: string,
  x: readonly number[],
  poolSize: readonly [number, number],
  strides: readonly [number, number],
  padding: 'same' | 'valid' | 'ceil' = 'valid',
  more: Pick<PoolCase, 'draw' | 'isSmooth'> = {},
): PoolCase {
  const rule = padding === 'ceil' ? ({ padding: 'valid', ceilMode: true } as const) : { padding };
  return { name, inputs: { x }, options: { poolSize, strides, ...rule }, ...more };
}

const ties = { draw: { x: drawTies }, isSmooth: false } as const;

export const maxPool2dCheck = opCheck<'x', 'y', PoolCaseOptions, PoolAttributes>({
  op: maxPool2dOp,
  reference: maxPool2dReference,
  inputs: { x: { draw: drawDistinct } },
  outputs: ['y'],
  attributes: ({ x }, options) => poolAttributes(x, options),
  magnitudes: ({ x }, { y: dy }, options) => ({
    outputs: {},
    gradients: { x: maxPoolBackward64(x, map64(dy, Math.abs), poolAttributes(x.shape, options)) },
  }),
  // At most this many windows cover one pixel.
  terms: (_, { poolSize: [KH, KW], strides: [down, across] }) => ({
    x: Math.ceil(KH / down) * Math.ceil(KW / across),
  }),
  roundings: { y: 0 },
  call: ({ x }, options) => ({ y: maxPool2d(x, options) }),
  primitives: {
    'max_pool2d/forward': ({ inputs, options, outputs }) => ({
      inputs,
      attributes: { ...poolAttributes(inputs.x.shape, options) },
      results: { y: outputs.y },
    }),
    'max_pool2d/input_gradient': ({ inputs, options, outputGradients, gradients }) => ({
      inputs: { x: inputs.x, dy: outputGradients.y },
      attributes: { ...poolAttributes(inputs.x.shape, options) },
      results: { dx: gradients.x! },
    }),
    'max_pool2d/gather': ({ inputs: { x }, options }) => {
      const attributes = poolAttributes(x.shape, options);
      // Any numbers beside x: here its own in reverse.
      const g = map64(x, (_, i) => x.values.at(-1 - i) as number);
      const value = maxPoolGather64(x, g, attributes);
      return {
        inputs: { x, g },
        attributes: { ...attributes },
        results: { y: { value, magnitude: value.values.map(Math.abs), tolerance: 0 } },
      };
    },
  },
  cases: [
    {
      ...pool('by hand', [1, 2, 4, 1], [2, 2], [2, 2]),
      isSmooth: false,
      byHand: {
        // Left window: one maximum. Right window: the first of two equal ones.
        inputs: { x: [1, 5, -1, -2, 4, 3, -1, -3] },
        outputs: { y: [5, -1] },
        gradients: { x: [0, 1, 1, 0, 0, 0, 0, 0] },
      },
    },
    pool('odd sizes skip a row and a column', [2, 7, 5, 3], [2, 2], [2, 2]),
    pool('overlapping', [2, 9, 8, 3], [3, 3], [2, 2]),
    pool('overlapping, ties', [2, 9, 8, 3], [3, 3], [1, 2], 'valid', ties),
    pool('same, odd padding below and right', [2, 6, 7, 3], [3, 3], [2, 2], 'same'),
    pool('same, ties', [2, 5, 7, 5], [2, 2], [2, 2], 'same', ties),
    pool('same, all negative', [1, 5, 5, 2], [4, 4], [1, 1], 'same', {
      draw: { x: (random, shape) => map64(drawDistinct(random, shape), (value) => value - 8) },
    }),
    pool('strides skip pixels', [2, 10, 11, 2], [2, 1], [3, 3]),
    pool('window 1×1', [1, 4, 5, 3], [1, 1], [1, 1]),
    pool('window 5×4', [1, 11, 9, 2], [5, 4], [2, 3], 'same'),
    pool('by vec4, a skipped row and column', [2, 7, 5, 12], [2, 2], [2, 2]),
    pool('by vec4, side by side, ties', [1, 8, 9, 4], [2, 3], [2, 3], 'valid', ties),
    pool('by vec4, same, ties', [2, 6, 7, 8], [3, 3], [2, 2], 'same', ties),
    pool('ceil mode, ties', [2, 8, 7, 3], [3, 2], [2, 2], 'ceil', ties),
    pool('ceil mode, by vec4', [1, 7, 6, 4], [2, 2], [2, 3], 'ceil'),
    pool('the whole image', [3, 4, 5, 2], [4, 5], [1, 1]),
    pool('paper pool 1, small', [2, 14, 14, 32], [2, 2], [2, 2]),
  ],
  random: randomPool,
  bench: [
    pool('paper pool 1', [128, 28, 28, 32], [2, 2], [2, 2]),
    pool('paper pool 2', [128, 14, 14, 64], [2, 2], [2, 2]),
  ],
  wrongCalls: [
    { name: 'three axes', inputs: { x: [28, 28, 1] }, call: ({ x }) => maxPool2d(x) },
    { name: 'window too large', inputs: { x: [1, 2, 2, 1] }, call: ({ x }) => maxPool2d(x, { poolSize: 3 }) },
    { name: 'stride 1.5', inputs: { x: [1, 4, 4, 1] }, call: ({ x }) => maxPool2d(x, { strides: 1.5 }) },
  ],
});
