/** Checks of log_sum_exp over a run of axes. */
import { sizeOf } from '../../engine/primitive.js';
import { logSumExp, logSumExpOp } from '../../kernels/log_sum_exp.js';
import { type Array64, zeros64 } from '../../reference/array64.js';
import { logSumExpReference } from '../../reference/log_sum_exp.js';
import { type Run, eachRun } from '../../reference/reduction.js';
import { drawSigned } from '../draws.js';
import { opCheck } from '../op_check.js';
import { axesOf, drawLarge, fewRunCases, randomRun } from './reduction.js';

const along = (name: string, x: readonly number[], axis: number) => ({
  name,
  inputs: { x },
  options: { first: axis, last: axis },
});

/** Of y: 1 + |largest x| + |y|; of dx: |dx| times that and |x|, by which exp(x − y) is off. */
function magnitudesOf(x: Array64, dy: Array64, run: Run) {
  const y = logSumExpReference.forward({ x }, run).y;
  const { x: dx } = logSumExpReference.backward!({ x }, { y: dy }, run) as { x: Array64 };
  const [ofY, ofDx] = [zeros64(y.shape), zeros64(x.shape)];
  eachRun(x.shape, run, (result, indices) => {
    const largest = indices.reduce((most, index) => Math.max(most, x.values[index] as number), -Infinity);
    const size = 1 + Math.abs(largest) + Math.abs(y.values[result] as number);
    ofY.values[result] = size;
    for (const index of indices)
      ofDx.values[index] =
        Math.abs(dx.values[index] as number) * (size + Math.abs(x.values[index] as number));
  });
  return { outputs: { y: ofY }, gradients: { x: ofDx } };
}

export const logSumExpCheck = opCheck<'x', 'y', Run>({
  op: logSumExpOp,
  reference: logSumExpReference,
  inputs: { x: { draw: drawSigned } },
  outputs: ['y'],
  magnitudes: ({ x }, { y: dy }, run) => magnitudesOf(x, dy, run),
  terms: ({ x }, { first, last }) => {
    const n = sizeOf(x.slice(first, last + 1));
    return { x: n, y: n };
  },
  // As in softmax.ts; log is off by three units.
  roundings: { y: 24, x: 60 },
  call: ({ x }, run) => ({ y: logSumExp(x, { axis: axesOf(run) }) }),
  primitives: {
    'log_sum_exp/forward': ({ inputs, options, outputs }) => ({
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
        outputs: { y: [Math.log(4), Math.LN2] },
        gradients: { x: [0.25, 0.5, 0.75, 0.5] },
      },
    },
    ...fewRunCases.map(({ name, x, options }) => ({ name, inputs: { x }, options })),
    { ...along('large', [33, 12], 1), draw: { x: drawLarge }, isSmooth: false },
  ],
  random: (random) => {
    const { shape, run } = randomRun(random);
    return { inputs: { x: shape }, options: run };
  },
  bench: [along('classes of paper', [128, 10], 1)],
  wrongCalls: [{ name: 'no such axis', inputs: { x: [2, 3] }, call: ({ x }) => logSumExp(x, { axis: 2 }) }],
});
