/** sum over a run of axes in float64; several runs are sums of sums (test/device/program.test.ts). */
import { zeros64 } from './array64.js';
import { type Run, eachRun, withoutRun } from './reduction.js';
import type { Reference } from './reference.js';

export const sumReference: Reference<'x', 'y', Run> = {
  op: 'sum',
  forward: ({ x }, run) => {
    const y = zeros64(withoutRun(x.shape, run));
    eachRun(x.shape, run, (result, indices) => {
      y.values[result] = indices.reduce((sum, index) => sum + (x.values[index] as number), 0);
    });
    return { y };
  },
  backward: ({ x }, { y: dy }, run) => {
    const dx = zeros64(x.shape);
    eachRun(x.shape, run, (result, indices) => {
      for (const index of indices) dx.values[index] = dy.values[result] as number;
    });
    return { x: dx };
  },
};
