/** log_softmax over a run of axes in float64. */
import { type Array64, zeros64 } from './array64.js';
import { logSumExp64 } from './log_sum_exp.js';
import { type Run, eachRun } from './reduction.js';
import type { Reference } from './reference.js';

/** y = x − log Σ exp(x), where ∞ − ∞ and −∞ − −∞ are NaN for all of the run. */
export function logSoftmax64(x: Array64, run: Run): Array64 {
  const y = zeros64(x.shape);
  eachRun(x.shape, run, (_, indices) => {
    const total = logSumExp64(x, indices);
    const shift = Number.isFinite(total) ? total : Number.NaN;
    for (const index of indices) y.values[index] = (x.values[index] as number) - shift;
  });
  return y;
}

export const logSoftmaxReference: Reference<'x', 'y', Run> = {
  op: 'log_softmax',
  forward: ({ x }, run) => ({ y: logSoftmax64(x, run) }),
  // dx = dy − exp(y) · Σ dy
  backward: ({ x }, { y: dy }, run) => {
    const y = logSoftmax64(x, run);
    const dx = zeros64(x.shape);
    eachRun(x.shape, run, (_, indices) => {
      const total = indices.reduce((sum, index) => sum + (dy.values[index] as number), 0);
      for (const index of indices)
        dx.values[index] = (dy.values[index] as number) - Math.exp(y.values[index] as number) * total;
    });
    return { x: dx };
  },
};
