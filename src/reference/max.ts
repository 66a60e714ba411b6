/** max and arg_max over a run of axes in float64; ties go to the first, and NaN exceeds every number. */
import { type Array64, exceeds64, zeros64 } from './array64.js';
import { type Run, eachRun, withoutRun } from './reduction.js';
import type { Reference } from './reference.js';

/** The index within each run of its first NaN, otherwise of its first maximum. */
export function argMax64(x: Array64, run: Run): Array64 {
  const y: Array64 = { ...zeros64(withoutRun(x.shape, run)), dtype: 'u32' };
  eachRun(x.shape, run, (result, indices) => {
    const values = indices.map((index) => x.values[index] as number);
    y.values[result] = values.reduce(
      (best, value, i) => (exceeds64(value, values[best] as number) ? i : best),
      0,
    );
  });
  return y;
}

export const argMaxReference: Reference<'x', 'y', Run> = {
  op: 'arg_max',
  forward: ({ x }, run) => ({ y: argMax64(x, run) }),
};

/** Calls `visit` for each result with the flat index in x of its element. */
function eachLargest(x: Array64, run: Run, visit: (result: number, index: number) => void): void {
  const found = argMax64(x, run);
  eachRun(x.shape, run, (result, indices) => {
    visit(result, indices[found.values[result] as number] as number);
  });
}

export const maxReference: Reference<'x', 'y', Run> = {
  op: 'max',
  forward: ({ x }, run) => {
    const y = zeros64(withoutRun(x.shape, run));
    eachLargest(x, run, (result, index) => (y.values[result] = x.values[index] as number));
    return { y };
  },
  backward: ({ x }, { y: dy }, run) => {
    const dx = zeros64(x.shape);
    eachLargest(x, run, (result, index) => (dx.values[index] = dy.values[result] as number));
    return { x: dx };
  },
};
