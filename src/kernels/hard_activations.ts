/** Activations made of straight lines and a parabola. Letters: x the operand, y the result, dy its gradient. */
import { apply } from '../engine/op.js';
import type { NoAttributes } from '../engine/primitive.js';
import { type Tensor, checkTensors } from '../engine/tensor.js';
import { add, multiply, scale } from './arithmetic.js';
import { greater, less } from './comparison.js';
import { curve } from './curve.js';
import { nonFinite } from './elementwise.js';

type Limits = { readonly min: number; readonly max: number };

/** `clip` whose gradient is 0 at the limits, as those of PyTorch's activations are. */
export const hardTanhOp = curve<Limits, 'x'>('hard_tanh', {
  scalars: ['min', 'max'],
  helpers: nonFinite,
  expression: (x, { min, max }) => `clamp_of(${x}, ${min}, ${max})`,
  keeps: 'x',
  gradient: (x, dy, { min, max }) =>
    `select(${dy}, 0.0, (${x} <= ${min} || ${x} >= ${max}) && !is_nan(${x}))`,
  curvature: null,
});

export const hardSwishOp = curve<NoAttributes, 'x'>('hard_swish', {
  helpers: nonFinite,
  expression: (x) => `max_of(${x}, -3.0) * (clamp_of(${x} + 3.0, 0.0, 6.0) / 6.0)`,
  keeps: 'x',
  gradient: (x, dy) =>
    `${dy} * select(select(${x} / 3.0 + 0.5, 0.0, ${x} <= -3.0), 1.0, ${x} >= 3.0 && !is_nan(${x}))`,
  curvature: (x) => scale(multiply(greater(x, -3), less(x, 3)), 1 / 3),
});

/** y = min(max(x, −1), 1). The gradient is 0 at ±1 and beyond, as in PyTorch. */
export function hardTanh(x: Tensor): Tensor {
  checkTensors('hardTanh', { x });
  return apply(hardTanhOp, { x }, { min: -1, max: 1 }).y;
}

/** y = min(max(x, 0), 6). The gradient is 0 at 0 and 6 and beyond, as in PyTorch. */
export function relu6(x: Tensor): Tensor {
  return reluUpTo(x, 6);
}

/** y = min(max(x, 0), max). */
export function reluUpTo(x: Tensor, max: number): Tensor {
  checkTensors('relu6', { x });
  return apply(hardTanhOp, { x }, { min: 0, max }).y;
}

/** y = min(max(x / 6 + ½, 0), 1), as in Keras 3 and PyTorch. The gradient is 0 at ±3 and beyond. */
export function hardSigmoid(x: Tensor): Tensor {
  checkTensors('hardSigmoid', { x });
  return scale(relu6(add(x, 3)), 1 / 6);
}

/** y = x · hardSigmoid(x), 0 at −∞; Keras calls it hard_silu as well. The gradient is 0 from −3 down and dy from 3 up. */
export function hardSwish(x: Tensor): Tensor {
  checkTensors('hardSwish', { x });
  return apply(hardSwishOp, { x }, {}).y;
}
