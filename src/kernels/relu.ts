/** Rectified linear unit: y = max(x, 0), and NaN for NaN. The gradient is 0 at 0 and dy at NaN, as in PyTorch. */
import { type Op, apply, opOf } from '../engine/op.js';
import type { NoAttributes } from '../engine/primitive.js';
import { runPrimitive } from '../engine/program.js';
import type { Tensor } from '../engine/tensor.js';
import { elementwisePrimitive, nonFinite } from './elementwise.js';

export const reluForward = elementwisePrimitive('relu/forward', ['x'], {
  helpers: nonFinite,
  expression: ({ x }) => `max_of(${x}, 0.0)`,
});
/** Computed from y, so that x need not be kept: y > 0 exactly where x > 0, and NaN where x is NaN. */
export const reluInputGradient = elementwisePrimitive('relu/input_gradient', ['y', 'dy'], {
  helpers: nonFinite,
  expression: ({ y, dy }) => `select(0.0, ${dy}, exceeds(${y}, 0.0))`,
});

/** Constant along y, and linear in dy. */
const reluGradientOp: Op<'y' | 'dy', 'y', NoAttributes> = opOf(
  reluInputGradient,
  ({ inputs: { y }, gradients }) => ({
    y: null,
    dy: () => apply(reluGradientOp, { y, dy: gradients.y as Tensor }, {}).y,
  }),
);

export const reluOp: Op<'x', 'y', NoAttributes> = {
  name: 'relu',
  primitives: [reluForward, reluInputGradient],
  forward: (inputs) => runPrimitive(reluForward, inputs, {}),
  backward: ({ outputs: { y }, gradients }) => ({
    x: () => apply(reluGradientOp, { y, dy: gradients.y as Tensor }, {}).y,
  }),
};

/** y = max(x, 0). */
export function relu(x: Tensor): Tensor {
  return apply(reluOp, { x }, {}).y;
}
