/** sigmoid in float64: y = 1 / (1 + e⁻ˣ), dx = y·(1 − y)·dy. */
import type { NoAttributes } from '../engine/primitive.js';
import { type Array64, map64 } from './array64.js';
import type { Reference } from './reference.js';

export function sigmoid64(x: Array64): Array64 {
  return map64(x, (value) => 1 / (1 + Math.exp(-value)));
}

export const sigmoidReference: Reference<'x', 'y', NoAttributes> = {
  op: 'sigmoid',
  forward: ({ x }) => ({ y: sigmoid64(x) }),
  backward: ({ x }, { y: dy }) => ({
    x: map64(sigmoid64(x), (y, i) => y * (1 - y) * (dy.values[i] as number)),
  }),
};
