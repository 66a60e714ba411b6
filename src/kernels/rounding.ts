/** Absolute value, sign and rounding. Letters: x the operand, y the result, dy its gradient. */
import { apply } from '../engine/op.js';
import type { Tensor } from '../engine/tensor.js';
import { multiply } from './arithmetic.js';
import { nonFinite } from './elementwise.js';
import { unary } from './elementwise_op.js';

export const absOp = unary('abs', {
  expression: (x) => `abs(${x})`,
  dx: ({ x, dy }) => multiply(dy, sign(x)),
});

/** A step function: NaN stays NaN, infinity infinity, and the gradient is 0. */
/* @__NO_SIDE_EFFECTS__ */
function step(name: string, wgsl: string) {
  return unary(name, {
    helpers: nonFinite,
    expression: (x) => `select(${x}, ${wgsl}(${x}), is_finite(${x}))`,
    dx: null,
  });
}

export const signOp = unary('sign', {
  helpers: nonFinite,
  expression: (x) => `select(sign(${x}), ${x}, is_nan(${x}))`,
  dx: null,
});
export const floorOp = step('floor', 'floor');
export const ceilOp = step('ceil', 'ceil');
export const roundOp = step('round', 'round');

/** y = |x|. The gradient at 0 is 0, as in PyTorch. */
export function abs(x: Tensor): Tensor {
  return apply(absOp, { x }, {}).y;
}

/** y = −1, 0 or 1, and NaN for NaN, as in NumPy. The gradient is 0. */
export function sign(x: Tensor): Tensor {
  return apply(signOp, { x }, {}).y;
}

/** The largest integer that is not above x. The gradient is 0. */
export function floor(x: Tensor): Tensor {
  return apply(floorOp, { x }, {}).y;
}

/** The smallest integer that is not below x. The gradient is 0. */
export function ceil(x: Tensor): Tensor {
  return apply(ceilOp, { x }, {}).y;
}

/** The nearest integer; of two, the even one, as in NumPy. The gradient is 0. */
export function round(x: Tensor): Tensor {
  return apply(roundOp, { x }, {}).y;
}
