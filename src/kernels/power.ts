/** Powers and the reciprocal root. Letters: a the base, b the exponent, x the operand, y the result, dy its gradient. */
import powWgsl from '../../shaders/floats/pow.wgsl';
import { type Op, apply, opOf } from '../engine/op.js';
import type { NoAttributes } from '../engine/primitive.js';
import { runPrimitive } from '../engine/program.js';
import { registerShaders } from '../engine/shader.js';
import { type Tensor, checkTensors } from '../engine/tensor.js';
import { add, divide, log, multiply, subtract, tensorsOf } from './arithmetic.js';
import { equal, where } from './comparison.js';
import { elementwisePrimitive, nonFinite } from './elementwise.js';
import { unary } from './elementwise_op.js';
import { preciseExp } from './precise_exp.js';
import { preciseLog } from './precise_log.js';
import { sumTo } from './sum.js';

registerShaders({ 'floats/pow': powWgsl });

const helpers = [...preciseExp, ...preciseLog, 'floats/pow'];

export const powForward = elementwisePrimitive('pow/forward', ['a', 'b'], {
  helpers,
  expression: ({ a, b }) => `pow_of(${a}, ${b})`,
});

export const powBaseGradient = elementwisePrimitive('pow/base_gradient', ['a', 'b', 'dy'], {
  helpers,
  expression: ({ a, b, dy }) => `${dy} * pow_slope(${a}, ${b})`,
});

export const powExponentGradient = elementwisePrimitive('pow/exponent_gradient', ['a', 'b', 'dy'], {
  helpers,
  expression: ({ a, b, dy }) => `${dy} * pow_growth(${a}, ${b})`,
});

type GradientOp = Op<'a' | 'b' | 'dy', 'y', NoAttributes>;

/** da = dy·b·aᵇ⁻¹ */
const baseGradientOp: GradientOp = opOf(powBaseGradient, ({ inputs: { a, b, dy }, gradients }) => {
  const g = gradients.y as Tensor;
  const weight = multiply(g, dy);
  return {
    // b·(b − 1)·aᵇ⁻², which is 0 for b = 0, also at a = 0
    a: () => {
      const slope = apply(baseGradientOp, { a, b: subtract(b, 1), dy: multiply(weight, b) }, {}).y;
      return sumTo(where(equal(b, 0), 0, slope), a.shape);
    },
    // aᵇ⁻¹·(1 + b·ln a)
    b: () => sumTo(multiply(multiply(weight, pow(a, subtract(b, 1))), add(multiply(b, log(a)), 1)), b.shape),
    dy: () => apply(baseGradientOp, { a, b, dy: g }, {}).y,
  };
});

/** db = dy·aᵇ·ln a */
const exponentGradientOp: GradientOp = opOf(powExponentGradient, ({ inputs: { a, b, dy }, gradients }) => {
  const g = gradients.y as Tensor;
  const weight = multiply(g, dy);
  return {
    // aᵇ⁻¹·(1 + b·ln a)
    a: () => sumTo(multiply(multiply(weight, pow(a, subtract(b, 1))), add(multiply(b, log(a)), 1)), a.shape),
    // aᵇ·ln² a
    b: () => sumTo(multiply(apply(exponentGradientOp, { a, b, dy: weight }, {}).y, log(a)), b.shape),
    dy: () => apply(exponentGradientOp, { a, b, dy: g }, {}).y,
  };
});

export const powOp: Op<'a' | 'b', 'y', NoAttributes> = {
  name: 'pow',
  primitives: [powForward, powBaseGradient, powExponentGradient],
  forward: (inputs) => runPrimitive(powForward, inputs, {}),
  backward: ({ inputs: { a, b }, gradients }) => {
    const dy = gradients.y as Tensor;
    return {
      a: () => sumTo(apply(baseGradientOp, { a, b, dy }, {}).y, a.shape),
      b: () => sumTo(apply(exponentGradientOp, { a, b, dy }, {}).y, b.shape),
    };
  },
};

export const rsqrtOp = unary('rsqrt', {
  helpers: nonFinite,
  expression: (x) =>
    `select(select(select(inverseSqrt(${x}), 0.0, !is_finite(${x})), infinity(), ${x} == 0.0), nan(), ${x} < 0.0 || is_nan(${x}))`,
  // d x^−½ / dx = −½·x^−3⁄2
  dx: ({ y, dy }) => multiply(multiply(multiply(dy, y), multiply(y, y)), -0.5),
});

/**
 * y = aᵇ element by element, broadcasting, within 4 · 2⁻²⁴ of the result. As in NumPy: a⁰ and 1ᵇ are 1 even for NaN, and a negative
 * base to a power that is not whole is NaN. As in PyTorch, the gradient of a is 0 where b is 0, and that of b is 0 where a is 0 and b
 * is not negative.
 *
 * Throws: ShapeError if the shapes do not broadcast; UsageError for two numbers.
 */
export function pow(a: Tensor | number, b: Tensor | number): Tensor {
  return apply(powOp, tensorsOf('pow', a, b), {}).y;
}

/** y = 1 / √x: infinity at 0 and NaN below, as in NumPy. */
export function rsqrt(x: Tensor): Tensor {
  return apply(rsqrtOp, { x }, {}).y;
}

/** y = 1 / x. */
export function reciprocal(x: Tensor): Tensor {
  checkTensors('reciprocal', { x });
  return divide(1, x);
}
