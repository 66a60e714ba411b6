/** eˣ − 1 and the hyperbolic tangent. Letters: x the operand, y the result, dy its gradient. */
import { apply } from '../engine/op.js';
import type { NoAttributes } from '../engine/primitive.js';
import type { Tensor } from '../engine/tensor.js';
import { exp, multiply, scale, square } from './arithmetic.js';
import { curve } from './curve.js';
import { unary } from './elementwise_op.js';
import { preciseExp } from './precise_exp.js';

export const expm1Op = curve<NoAttributes, 'x'>('expm1', {
  helpers: preciseExp,
  expression: (x) => `expm1_of(${x})`,
  keeps: 'x',
  // Not y + 1, which is 0 in f32 from x = −17 on.
  gradient: (x, dy) => `${dy} * precise_exp(${x})`,
  curvature: exp,
});

export const tanhOp = unary('tanh', {
  helpers: preciseExp,
  expression: (x) => `tanh_of(${x})`,
  dx: ({ y, dy }) => multiply(dy, scale(square(y), -1, 1)),
});

/** y = eˣ − 1, within 4 · 2⁻²⁴ of the result, near 0 as well. */
export function expm1(x: Tensor): Tensor {
  return apply(expm1Op, { x }, {}).y;
}

/** y = tanh x, within 8 · 2⁻²⁴ of the result. */
export function tanh(x: Tensor): Tensor {
  return apply(tanhOp, { x }, {}).y;
}
