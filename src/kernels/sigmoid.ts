/** Logistic sigmoid: y = 1 / (1 + e⁻ˣ). */
import { type Op, apply, opOf } from '../engine/op.js';
import type { NoAttributes } from '../engine/primitive.js';
import { runPrimitive } from '../engine/program.js';
import type { Tensor } from '../engine/tensor.js';
import { multiply, scale } from './arithmetic.js';
import { elementwisePrimitive, nonFinite } from './elementwise.js';

/** e^−|x| lies in [0, 1] and never overflows. */
const power = (x: string): string => `exp_of(-abs(${x}))`;

export const sigmoidForward = elementwisePrimitive('sigmoid/forward', ['x'], {
  helpers: nonFinite,
  // 1 / (1 + e⁻ˣ) for x ≥ 0, eˣ / (eˣ + 1) for x < 0.
  expression: ({ x }) => `select(${power(x)}, 1.0, ${x} >= 0.0) / (1.0 + ${power(x)})`,
});
/** Computed from y, so that x need not be kept. */
export const sigmoidInputGradient = elementwisePrimitive('sigmoid/input_gradient', ['y', 'dy'], {
  expression: ({ y, dy }) => `${dy} * ${y} * (1.0 - ${y})`,
});

const sigmoidGradientOp: Op<'y' | 'dy', 'y', NoAttributes> = opOf(
  sigmoidInputGradient,
  ({ inputs: { y, dy }, gradients }) => {
    const g = gradients.y as Tensor;
    return {
      y: () => multiply(multiply(g, dy), scale(y, -2, 1)),
      dy: () => apply(sigmoidGradientOp, { y, dy: g }, {}).y,
    };
  },
);

export const sigmoidOp: Op<'x', 'y', NoAttributes> = {
  name: 'sigmoid',
  primitives: [sigmoidForward, sigmoidInputGradient],
  forward: (inputs) => runPrimitive(sigmoidForward, inputs, {}),
  backward: ({ outputs: { y }, gradients }) => ({
    x: () => apply(sigmoidGradientOp, { y, dy: gradients.y as Tensor }, {}).y,
  }),
};

/** y = 1 / (1 + e⁻ˣ), for x of any size. */
export function sigmoid(x: Tensor): Tensor {
  return apply(sigmoidOp, { x }, {}).y;
}
