/**
 * The activations that compute each element from the element at the same place, in float64. An export here also lets the
 * page compute the activation where there is no device.
 * Letters: x the operand, y the result, dy its gradient.
 */
import type { NoAttributes } from '../engine/primitive.js';
import { exceeds64, map64 } from './array64.js';
import type { Reference } from './reference.js';

interface Activation {
  value(x: number): number;
  /** dx. */
  gradient(x: number, dy: number): number;
}

function activation(op: string, { value, gradient }: Activation): Reference<'x', 'y', NoAttributes> {
  return {
    op,
    forward: ({ x }) => ({ y: map64(x, value) }),
    backward: ({ x }, { y: dy }) => ({ x: map64(x, (at, i) => gradient(at, dy.values[i] as number)) }),
  };
}

/** y = max(x, 0), with the gradient 0 at 0 and dy at NaN. */
export const reluReference = /* @__PURE__ */ activation('relu', {
  value: (x) => Math.max(x, 0),
  gradient: (x, dy) => (exceeds64(x, 0) ? dy : 0),
});

const logistic = (x: number): number => 1 / (1 + Math.exp(-x));

/** y = 1 / (1 + e⁻ˣ), dx = y·(1 − y)·dy. */
export const sigmoidReference = /* @__PURE__ */ activation('sigmoid', {
  value: logistic,
  gradient: (x, dy) => logistic(x) * (1 - logistic(x)) * dy,
});
