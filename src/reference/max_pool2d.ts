/**
 * Float64 reference of max_pool2d.
 * Letters: N images of H × W pixels with C channels; windows of KH × KW; P × Q windows per image.
 */
import { maxPool2d } from '../kernels/max_pool2d.js';
import { maxPool64, maxPoolBackward64 } from './max_pool64.js';
import { type PoolCaseOptions, randomPool } from './pool2d.js';
import { type Array64, type Case, drawDistinct, drawTies, map64, reference } from './reference.js';
import { windowOf } from './window.js';

type PoolCase = Case<'x', 'y', PoolCaseOptions>;

function pool(
  name: string,
  x: readonly number[],
  poolSize: readonly [number, number],
  strides: readonly [number, number],
  padding: 'same' | 'valid' = 'valid',
  more: Pick<PoolCase, 'draw' | 'isSmooth'> = {},
): PoolCase {
  return { name, inputs: { x }, options: { poolSize, strides, padding }, ...more };
}

const attributes = (
  x: Array64,
  { poolSize, ...window }: PoolCaseOptions,
): Record<string, readonly number[]> => ({
  window: poolSize,
  strides: window.strides,
  pads: windowOf(x.shape, poolSize, window).pads,
});

const ties = { draw: { x: drawTies }, isSmooth: false } as const;

export const maxPool2dReference = reference<'x', 'y', PoolCaseOptions>({
  op: 'max_pool2d',
  inputs: { x: { draw: drawDistinct } },
  outputs: ['y'],
  forward: ({ x }, options) => ({ y: maxPool64(x, options) }),
  backward: ({ x }, { y: dy }, options) => ({ x: maxPoolBackward64(x, dy, options) }),
  magnitudes: ({ x }, { y: dy }, options) => ({
    outputs: {},
    gradients: { x: maxPoolBackward64(x, map64(dy, Math.abs), options) },
  }),
  // At most this many windows lie over one pixel.
  terms: (_, { poolSize: [KH, KW], strides: [down, across] }) => ({
    x: Math.ceil(KH / down) * Math.ceil(KW / across),
  }),
  roundings: { y: 0 },
  call: ({ x }, options) => ({ y: maxPool2d(x, options) }),
  primitives: {
    'max_pool2d/forward': ({ inputs, options, outputs }) => ({
      inputs,
      attributes: attributes(inputs.x, options),
      results: { y: outputs.y },
    }),
    'max_pool2d/input_gradient': ({ inputs, options, outputGradients, gradients }) => ({
      inputs: { x: inputs.x, dy: outputGradients.y },
      attributes: attributes(inputs.x, options),
      results: { dx: gradients.x! },
    }),
  },
  cases: [
    {
      ...pool('by hand', [1, 2, 4, 1], [2, 2], [2, 2]),
      isSmooth: false,
      byHand: {
        // Left window: one largest. Right window: the first of two equals.
        inputs: { x: [1, 5, -1, -2, 4, 3, -1, -3] },
        outputs: { y: [5, -1] },
        gradients: { x: [0, 1, 1, 0, 0, 0, 0, 0] },
      },
    },
    pool('odd sizes leave a row and a column out', [2, 7, 5, 3], [2, 2], [2, 2]),
    pool('overlapping', [2, 9, 8, 3], [3, 3], [2, 2]),
    pool('overlapping, ties', [2, 9, 8, 3], [3, 3], [1, 2], 'valid', ties),
    pool('same, the odd pixel below and right', [2, 6, 7, 3], [3, 3], [2, 2], 'same'),
    pool('same, ties', [2, 5, 7, 5], [2, 2], [2, 2], 'same', ties),
    pool('same, all below 0', [1, 5, 5, 2], [4, 4], [1, 1], 'same', {
      draw: { x: (random, shape) => map64(drawDistinct(random, shape), (value) => value - 8) },
    }),
    pool('strides leave pixels out', [2, 10, 11, 2], [2, 1], [3, 3]),
    pool('window 1×1', [1, 4, 5, 3], [1, 1], [1, 1]),
    pool('window 5×4', [1, 11, 9, 2], [5, 4], [2, 3], 'same'),
    pool('by vec4, a row and a column left out', [2, 7, 5, 12], [2, 2], [2, 2]),
    pool('by vec4, side by side, ties', [1, 8, 9, 4], [2, 3], [2, 3], 'valid', ties),
    pool('by vec4, same, ties', [2, 6, 7, 8], [3, 3], [2, 2], 'same', ties),
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
