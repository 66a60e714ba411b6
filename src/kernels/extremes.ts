/** The larger and the smaller of two, and limits. Letters: a, b, x operands, y the result, dy its gradient. */
import { UsageError } from '../errors.js';
import { type Op, apply, opOf } from '../engine/op.js';
import type { NoAttributes } from '../engine/primitive.js';
import { runPrimitive } from '../engine/program.js';
import type { Tensor } from '../engine/tensor.js';
import { tensorsOf } from './arithmetic.js';
import { curve } from './curve.js';
import { elementwisePrimitive, nonFinite } from './elementwise.js';
import { checkFinite } from './elementwise_op.js';
import { sumTo } from './sum.js';

export const maximumForward = elementwisePrimitive('maximum/forward', ['a', 'b'], {
  helpers: nonFinite,
  expression: ({ a, b }) => `max_of(${a}, ${b})`,
});

/** The part of dy that belongs to a: all of it where a is larger or either is NaN, half at a tie. */
export const maximumOperandGradient = elementwisePrimitive('maximum/operand_gradient', ['a', 'b', 'dy'], {
  helpers: nonFinite,
  expression: ({ a, b, dy }) =>
    `select(select(${dy}, 0.5 * ${dy}, ${a} == ${b}), 0.0, ${a} < ${b} && !is_nan(${a}) && !is_nan(${b}))`,
});

/** Constant along a and b, and linear in dy. */
const shareOp: Op<'a' | 'b' | 'dy', 'y', NoAttributes> = opOf(
  maximumOperandGradient,
  ({ inputs: { a, b }, gradients }) => ({
    a: null,
    b: null,
    dy: () => apply(shareOp, { a, b, dy: gradients.y as Tensor }, {}).y,
  }),
);

export const maximumOp: Op<'a' | 'b', 'y', NoAttributes> = {
  name: 'maximum',
  primitives: [maximumForward, maximumOperandGradient],
  forward: (inputs) => runPrimitive(maximumForward, inputs, {}),
  backward: ({ inputs: { a, b }, gradients }) => {
    const dy = gradients.y as Tensor;
    return {
      a: () => sumTo(apply(shareOp, { a, b, dy }, {}).y, a.shape),
      b: () => sumTo(apply(shareOp, { a: b, b: a, dy }, {}).y, b.shape),
    };
  },
};

export const minimumForward = elementwisePrimitive('minimum/forward', ['a', 'b'], {
  helpers: nonFinite,
  expression: ({ a, b }) => `-max_of(-${a}, -${b})`,
});

export const minimumOp: Op<'a' | 'b', 'y', NoAttributes> = {
  name: 'minimum',
  primitives: [minimumForward],
  forward: (inputs) => runPrimitive(minimumForward, inputs, {}),
  backward: ({ inputs: { a, b }, gradients }) => {
    const dy = gradients.y as Tensor;
    return {
      a: () => sumTo(apply(shareOp, { a: b, b: a, dy }, {}).y, a.shape),
      b: () => sumTo(apply(shareOp, { a, b, dy }, {}).y, b.shape),
    };
  },
};

type Limits = { readonly min: number; readonly max: number };

export const clipOp = curve<Limits, 'x'>('clip', {
  scalars: ['min', 'max'],
  helpers: nonFinite,
  expression: (x, { min, max }) => `clamp_of(${x}, ${min}, ${max})`,
  keeps: 'x',
  gradient: (x, dy, { min, max }) => `select(0.0, ${dy}, ${x} >= ${min} && ${x} <= ${max} && !is_nan(${x}))`,
  curvature: null,
});

/**
 * y = max(a, b) element by element, broadcasting; NaN where either is NaN, as in NumPy. At a tie each operand has half of the
 * gradient, as in PyTorch.
 *
 * Throws: ShapeError if the shapes do not broadcast; UsageError for two numbers.
 */
export function maximum(a: Tensor | number, b: Tensor | number): Tensor {
  return apply(maximumOp, tensorsOf('maximum', a, b), {}).y;
}

/** y = min(a, b), otherwise like `maximum`. */
export function minimum(a: Tensor | number, b: Tensor | number): Tensor {
  return apply(minimumOp, tensorsOf('minimum', a, b), {}).y;
}

/**
 * y = min(max(x, min), max), and NaN for NaN. The gradient is dy where min ≤ x ≤ max, at the limits too, and 0 elsewhere and at
 * NaN, as in PyTorch.
 *
 * Throws: UsageError for limits that are not finite, or min above max; for one limit, use maximum or minimum.
 */
export function clip(x: Tensor, min: number, max: number): Tensor {
  if (checkFinite('clip', min) > checkFinite('clip', max))
    throw new UsageError(`clip: min is ${min} and max is ${max}, expected min ≤ max.`);
  return apply(clipOp, { x }, { min, max }).y;
}
