/** Checks of sum over a run of axes; several runs are sums of sums (test/device/program.test.ts). */
import { sizeOf } from '../../engine/primitive.js';
import { sum, sumOp } from '../../kernels/sum.js';
import type { Run } from '../../reference/reduction.js';
import { sumReference } from '../../reference/sum.js';
import { drawSigned } from '../draws.js';
import { opCheck } from '../op_check.js';
import { axesOf, randomRun, runCases } from './reduction.js';

export const sumCheck = opCheck<'x', 'y', Run>({
  op: sumOp,
  reference: sumReference,
  inputs: { x: { draw: drawSigned } },
  outputs: ['y'],
  magnitudes: 'multilinear',
  terms: ({ x }, { first, last }) => ({ y: sizeOf(x.slice(first, last + 1)) }),
  roundings: { x: 0 },
  call: ({ x }, run) => ({ y: sum(x, { axis: axesOf(run) }) }),
  primitives: {
    'sum/forward': ({ inputs, options, outputs }) => ({
      inputs,
      attributes: options,
      results: { y: outputs.y },
    }),
    'sum/input_gradient': ({ inputs: { x }, options: { first, last }, outputGradients, gradients }) => {
      const kept = x.shape.map((extent, axis) => (axis >= first && axis <= last ? 1 : extent));
      return {
        inputs: { dy: { ...outputGradients.y, shape: kept } },
        attributes: { shape: x.shape },
        results: { y: gradients.x! },
      };
    },
  },
  cases: [
    {
      name: 'by hand',
      inputs: { x: [2, 3] },
      options: { first: 0, last: 0 },
      byHand: {
        inputs: { x: [1, 2, 3, 4, 5, 6] },
        outputs: { y: [5, 7, 9] },
        gradients: { x: [1, 1, 1, 1, 1, 1] },
      },
    },
    ...runCases.map(({ name, x, options }) => ({ name, inputs: { x }, options })),
    {
      name: 'the bias gradient of a layer',
      inputs: { x: [4, 14, 14, 33] },
      options: { first: 0, last: 2 },
    },
    { name: 'a long row, in slices', inputs: { x: [2, 20_011] }, options: { first: 1, last: 1 } },
  ],
  random: (random) => {
    const { shape, run } = randomRun(random);
    return { inputs: { x: shape }, options: run };
  },
  bench: [
    {
      name: 'bias gradient of paper conv2',
      inputs: { x: [128, 28, 28, 32] },
      options: { first: 0, last: 2 },
    },
    { name: 'bias gradient of paper dense1', inputs: { x: [128, 256] }, options: { first: 0, last: 0 } },
    { name: 'all', inputs: { x: [887_530] }, options: { first: 0, last: 0 } },
  ],
  wrongCalls: [
    { name: 'not f32', inputs: { x: { shape: [2, 3], dtype: 'u32' } }, call: ({ x }) => sum(x) },
    { name: 'no such axis', inputs: { x: [2, 3] }, call: ({ x }) => sum(x, { axis: 2 }) },
    { name: 'an axis twice', inputs: { x: [2, 3] }, call: ({ x }) => sum(x, { axis: [1, -1] }) },
  ],
});
