/** log_sum_exp over a run of axes in float64. */
import { maxOf } from '../extent.js';
import { type Array64, zeros64 } from './array64.js';
import { type Run, eachRun, withoutRun } from './reduction.js';
import type { Reference } from './reference.js';

/** log Σ exp(x) of the elements of x at `indices`. */
export function logSumExp64({ values }: Array64, indices: readonly number[]): number {
  const largest = maxOf(indices.map((index) => values[index] as number));
  if (!Number.isFinite(largest)) return largest;
  const total = indices.reduce((sum, index) => sum + Math.exp((values[index] as number) - largest), 0);
  return largest + Math.log(total);
}

export const logSumExpReference: Reference<'x', 'y', Run> = {
  op: 'log_sum_exp',
  forward: ({ x }, run) => {
    const y = zeros64(withoutRun(x.shape, run));
    eachRun(x.shape, run, (result, indices) => (y.values[result] = logSumExp64(x, indices)));
    return { y };
  },
  // dx = dy · exp(x − y)
  backward: ({ x }, { y: dy }, run) => {
    const dx = zeros64(x.shape);
    eachRun(x.shape, run, (result, indices) => {
      const y = logSumExp64(x, indices);
      for (const index of indices)
        dx.values[index] = (dy.values[result] as number) * Math.exp((x.values[index] as number) - y);
    });
    return { x: dx };
  },
};
