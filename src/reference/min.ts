/** min and arg_min over a run of axes in float64: the maximum of −x; ties go to the first, and NaN is below every number. */
import { type Array64, map64 } from './array64.js';
import { argMax64, maxReference } from './max.js';
import type { Run } from './reduction.js';
import type { Reference } from './reference.js';

const negative = (x: Array64): Array64 => map64(x, (value) => -value);

/** The index within each run of its first NaN, otherwise of its first minimum. */
export const argMin64 = (x: Array64, run: Run): Array64 => argMax64(negative(x), run);

export const argMinReference: Reference<'x', 'y', Run> = {
  op: 'arg_min',
  forward: ({ x }, run) => ({ y: argMin64(x, run) }),
};

export const minReference: Reference<'x', 'y', Run> = {
  op: 'min',
  forward: ({ x }, run) => ({ y: negative(maxReference.forward({ x: negative(x) }, run).y) }),
  backward: ({ x }, dy, run) => maxReference.backward!({ x: negative(x) }, dy, run),
};
