/** l2_penalty in float64: y = λ·Σ w², dw = 2λ·w·dy. */
import { type Array64, array64, map64 } from './array64.js';
import type { Reference } from './reference.js';

export function l2Penalty64(w: Array64, lambda: number): number {
  return lambda * w.values.reduce((sum, value) => sum + value * value, 0);
}

export const l2PenaltyReference: Reference<'w', 'y', { readonly lambda: number }> = {
  op: 'l2_penalty',
  forward: ({ w }, { lambda }) => ({ y: array64([], [l2Penalty64(w, lambda)]) }),
  backward: ({ w }, { y: dy }, { lambda }) => ({
    w: map64(w, (value) => 2 * lambda * value * (dy.values[0] as number)),
  }),
};
