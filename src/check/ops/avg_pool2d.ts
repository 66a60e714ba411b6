/**
 * Checks of avg_pool2d.
 * Letters: N images of H × W pixels with C channels; windows of KH × KW; P × Q windows per image.
 */
import { avgPool2d, avgPool2dOp } from '../../kernels/avg_pool2d.js';
import { avgPool2dReference } from '../../reference/avg_pool2d.js';
import type { PoolAttributes } from '../../reference/pool2d.js';
import { drawSigned } from '../draws.js';
import { type Case, opCheck } from '../op_check.js';
import { type PoolCaseOptions, poolAttributes, randomPool } from './pool2d.js';

type PoolCase = Case<'x', 'y', PoolCaseOptions>;

function pool(
  name: string,
  x: readonly number[],
  poolSize: readonly [number, number],
  strides: readonly [number, number],
  padding: 'same' | 'valid' | 'ceil' = 'valid',
): PoolCase {
  const rule = padding === 'ceil' ? ({ padding: 'valid', ceilMode: true } as const) : { padding };
  return { name, inputs: { x }, options: { poolSize, strides, ...rule } };
}

export const avgPool2dCheck = opCheck<'x', 'y', PoolCaseOptions, PoolAttributes>({
  op: avgPool2dOp,
  reference: avgPool2dReference,
  inputs: { x: { draw: drawSigned } },
  outputs: ['y'],
  attributes: ({ x }, options) => poolAttributes(x, options),
  magnitudes: 'multilinear',
  // At most this many windows cover one pixel.
  terms: (_, { poolSize: [KH, KW], strides: [down, across] }) => ({
    x: Math.ceil(KH / down) * Math.ceil(KW / across),
    y: KH * KW,
  }),
  // WGSL allows a division 2.5 units in the last place.
  roundings: { x: 6, y: 6 },
  call: ({ x }, options) => ({ y: avgPool2d(x, options) }),
  primitives: {
    'avg_pool2d/forward': ({ inputs, options, outputs }) => ({
      inputs,
      attributes: { ...poolAttributes(inputs.x.shape, options) },
      results: { y: outputs.y },
    }),
    'avg_pool2d/input_gradient': ({ inputs, options, outputGradients, gradients }) => ({
      inputs: { dy: outputGradients.y },
      attributes: { ...poolAttributes(inputs.x.shape, options), image: inputs.x.shape },
      results: { dx: gradients.x! },
    }),
  },
  cases: [
    {
      // Windows [1 2; 4 5], [3; 6], [7 8], [9]: at the edge only pixels of the image count.
      ...pool('by hand', [1, 3, 3, 1], [2, 2], [2, 2], 'same'),
      byHand: {
        inputs: { x: [1, 2, 3, 4, 5, 6, 7, 8, 9] },
        outputs: { y: [3, 4.5, 7.5, 9] },
        gradients: { x: [0.25, 0.25, 0.5, 0.25, 0.25, 0.5, 0.5, 0.5, 1] },
      },
    },
    {
      // Windows [1 2; 5 6], [3 4; 7 8]; below them [9 10], [11 12] alone.
      ...pool('by hand, ceil mode', [1, 3, 4, 1], [2, 2], [2, 2], 'ceil'),
      byHand: {
        inputs: { x: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12] },
        outputs: { y: [3.5, 5.5, 9.5, 11.5] },
        gradients: { x: [0.25, 0.25, 0.25, 0.25, 0.25, 0.25, 0.25, 0.25, 0.5, 0.5, 0.5, 0.5] },
      },
    },
    pool('ceil mode, overlapping', [2, 8, 7, 3], [3, 2], [2, 2], 'ceil'),
    pool('odd sizes skip a row and a column', [2, 7, 5, 3], [2, 2], [2, 2]),
    pool('overlapping', [2, 9, 8, 3], [3, 3], [2, 2]),
    pool('overlapping in one direction', [2, 9, 8, 3], [3, 3], [1, 3]),
    pool('same, odd padding below and right', [2, 6, 7, 3], [3, 3], [2, 2], 'same'),
    pool('same, padding on all sides', [1, 5, 5, 2], [4, 4], [1, 1], 'same'),
    pool('strides skip pixels', [2, 10, 11, 2], [2, 1], [3, 3]),
    pool('window 1×1', [1, 4, 5, 3], [1, 1], [1, 1]),
    pool('window 5×4', [1, 11, 9, 2], [5, 4], [2, 3], 'same'),
    pool('the whole image', [3, 4, 5, 2], [4, 5], [1, 1]),
    pool('above a workgroup', [2, 14, 14, 33], [2, 2], [2, 2]),
  ],
  random: randomPool,
  bench: [
    pool('paper pool 1, averaged', [128, 28, 28, 32], [2, 2], [2, 2]),
    pool('7×7 to one number', [128, 7, 7, 64], [7, 7], [7, 7]),
  ],
  wrongCalls: [
    { name: 'three axes', inputs: { x: [28, 28, 1] }, call: ({ x }) => avgPool2d(x) },
    { name: 'window too large', inputs: { x: [1, 2, 2, 1] }, call: ({ x }) => avgPool2d(x, { poolSize: 3 }) },
    { name: 'stride 0', inputs: { x: [1, 4, 4, 1] }, call: ({ x }) => avgPool2d(x, { strides: 0 }) },
  ],
});
