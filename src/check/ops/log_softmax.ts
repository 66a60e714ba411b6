/** Checks of log_softmax over a run of axes. */
import { sizeOf } from '../../engine/primitive.js';
import { logSoftmax, logSoftmaxOp } from '../../kernels/log_softmax.js';
import { softmax } from '../../kernels/softmax_over.js';
import { type Array64, map64, zeros64 } from '../../reference/array64.js';
import { logSoftmax64, logSoftmaxReference } from '../../reference/log_softmax.js';
import { type Run, eachRun } from '../../reference/reduction.js';
import { drawSigned } from '../draws.js';
import { opCheck } from '../op_check.js';
import { axesOf, drawLarge, fewRunCases, randomRun } from './reduction.js';

const along = (name: string, x: readonly number[], axis: number) => ({
  name,
  inputs: { x },
  options: { first: axis, last: axis },
});

/** Of y: 1 + |y|; of dx = dy − exp(y) · Σ dy: |dy| + exp(y) · (1 + |y|) · Σ |dy|. */
function magnitudesOf(x: Array64, dy: Array64, run: Run) {
  const y = logSoftmax64(x, run);
  const dx = zeros64(x.shape);
  eachRun(x.shape, run, (_, indices) => {
    const total = indices.reduce((sum, index) => sum + Math.abs(dy.values[index] as number), 0);
    for (const index of indices) {
      const value = y.values[index] as number;
      dx.values[index] =
        Math.abs(dy.values[index] as number) + Math.exp(value) * (1 + Math.abs(value)) * total;
    }
  });
  return { outputs: { y: map64(y, (value) => 1 + Math.abs(value)) }, gradients: { x: dx } };
}

export const logSoftmaxCheck = opCheck<'x', 'y', Run>({
  op: logSoftmaxOp,
  reference: logSoftmaxReference,
  inputs: { x: { draw: drawSigned } },
  outputs: ['y'],
  magnitudes: ({ x }, { y: dy }, run) => magnitudesOf(x, dy, run),
  terms: ({ x }, { first, last }) => {
    const n = sizeOf(x.slice(first, last + 1));
    return { x: n, y: n };
  },
  // As in softmax.ts; log is off by three units.
  roundings: { y: 24, x: 60 },
  call: ({ x }, run) => ({ y: logSoftmax(x, { axis: axesOf(run) }) }),
  primitives: {
    'log_softmax/forward': ({ inputs, options, outputs }) => ({
      inputs,
      attributes: options,
      results: { y: outputs.y },
    }),
  },
  cases: [
    {
      ...along('by hand', [2, 2], 0),
      byHand: {
        inputs: { x: [0, 0, Math.fround(Math.log(3)), 0] },
        outputs: { y: [-Math.log(4), -Math.LN2, Math.log(0.75), -Math.LN2] },
        gradients: { x: [0.5, 0, -0.5, 0] },
      },
    },
    ...fewRunCases.map(({ name, x, options }) => ({ name, inputs: { x }, options })),
    { ...along('large', [33, 12], 1), draw: { x: drawLarge }, isSmooth: false },
    {
      ...along('large, far from 0', [12, 33], 0),
      draw: {
        x: (random, shape) => map64(drawSigned(random, shape), (value) => Math.fround(1e6 + 8 * value)),
      },
      isSmooth: false,
    },
  ],
  random: (random) => {
    const { shape, run } = randomRun(random);
    return { inputs: { x: shape }, options: run };
  },
  bench: [along('classes of paper', [128, 10], 1)],
  wrongCalls: [
    { name: 'no such axis', inputs: { x: [2, 3] }, call: ({ x }) => logSoftmax(x, { axis: 2 }) },
    { name: 'non-adjacent axes', inputs: { x: [2, 3, 4] }, call: ({ x }) => softmax(x, { axis: [0, 2] }) },
  ],
});
