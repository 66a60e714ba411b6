/** relu in float64: y = max(x, 0), with the gradient 0 at 0 and dy at NaN. */
import type { NoAttributes } from '../engine/primitive.js';
import { exceeds64, map64 } from './array64.js';
import type { Reference } from './reference.js';

export const reluReference: Reference<'x', 'y', NoAttributes> = {
  op: 'relu',
  forward: ({ x }) => ({ y: map64(x, (value) => Math.max(value, 0)) }),
  backward: ({ x }, { y: dy }) => ({
    x: map64(x, (value, i) => (exceeds64(value, 0) ? (dy.values[i] as number) : 0)),
  }),
};
