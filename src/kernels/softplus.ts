/** Softplus, its mirror image log-sigmoid, and softsign. Letters: x the operand, y the result, dy its gradient, σ the logistic sigmoid. */
import { apply } from '../engine/op.js';
import type { NoAttributes } from '../engine/primitive.js';
import { type Tensor, checkTensors } from '../engine/tensor.js';
import { add, divide, multiply, scale, square } from './arithmetic.js';
import { curve } from './curve.js';
import { nonFinite } from './elementwise.js';
import { preciseExp } from './precise_exp.js';
import { preciseLog } from './precise_log.js';
import { abs, sign } from './rounding.js';
import { sigmoid } from './sigmoid.js';

const helpers = [...preciseExp, ...preciseLog];

export const softplusOp = curve<NoAttributes, 'x'>('softplus', {
  helpers,
  // ln(1 + eˣ) without overflow
  expression: (x) => `max_of(${x}, 0.0) + log1p_of(precise_exp(-abs(${x})))`,
  keeps: 'x',
  gradient: (x, dy) => `${dy} * logistic_of(${x})`,
  curvature: (x) => {
    const s = sigmoid(x);
    return multiply(s, scale(s, -1, 1));
  },
});

export const logSigmoidOp = curve<NoAttributes, 'x'>('log_sigmoid', {
  helpers,
  expression: (x) => `-(max_of(-${x}, 0.0) + log1p_of(precise_exp(-abs(${x}))))`,
  keeps: 'x',
  gradient: (x, dy) => `${dy} * logistic_of(-${x})`,
  curvature: (x) => {
    const s = sigmoid(x);
    return multiply(s, scale(s, 1, -1));
  },
});

export const softsignOp = curve<NoAttributes, 'x'>('softsign', {
  helpers: nonFinite,
  // Beyond 1 divided by |x|, so that ±∞ give ±1.
  expression: (x) =>
    `select(${x} / (1.0 + abs(${x})), sign(${x}) / (1.0 / abs(${x}) + 1.0), abs(${x}) > 1.0 && !is_nan(${x}))`,
  keeps: 'x',
  gradient: (x, dy) => `${dy} / (1.0 + abs(${x})) / (1.0 + abs(${x}))`,
  // −2·sign(x) / (1 + |x|)³
  curvature: (x) => {
    const r = divide(1, add(abs(x), 1));
    return multiply(multiply(multiply(sign(x), r), square(r)), -2);
  },
});

/** y = ln(1 + eˣ), within 8 · 2⁻²⁴ of the result. */
export function softplus(x: Tensor): Tensor {
  return apply(softplusOp, { x }, {}).y;
}

/** y = ln σ(x) = −ln(1 + e⁻ˣ), within 8 · 2⁻²⁴ of the result. */
export function logSigmoid(x: Tensor): Tensor {
  checkTensors('logSigmoid', { x });
  return apply(logSigmoidOp, { x }, {}).y;
}

/** y = x / (1 + |x|), ±1 at ±∞. */
export function softsign(x: Tensor): Tensor {
  return apply(softsignOp, { x }, {}).y;
}
