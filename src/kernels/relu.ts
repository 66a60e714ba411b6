/** Rectified linear unit: y = max(x, 0), NaN of NaN; its gradient is 0 at 0 and dy at NaN, as in PyTorch. */
import { type Op, apply } from '../engine/op.js';
import type { NoAttributes } from '../engine/pass.js';
import { runPass } from '../engine/program.js';
import type { Tensor } from '../engine/tensor.js';
import { elementwisePass, nonFinite } from './elementwise.js';

export const reluForward = elementwisePass('relu/forward', ['x'], {
  helpers: nonFinite,
  expression: ({ x }) => `max_of(${x}, 0.0)`,
});
/** From y, so that x need not be kept: y > 0 exactly where x > 0, and NaN where x is. */
export const reluInputGradient = elementwisePass('relu/input_gradient', ['y', 'dy'], {
  helpers: nonFinite,
  expression: ({ y, dy }) => `select(0.0, ${dy}, exceeds(${y}, 0.0))`,
});

export const reluOp: Op<'x', 'y', NoAttributes> = {
  name: 'relu',
  passes: [reluForward, reluInputGradient],
  forward: (inputs) => runPass(reluForward, inputs, {}),
  backward: ({ outputs: { y }, gradients }) => ({
    x: () => runPass(reluInputGradient, { y, dy: gradients.y as Tensor }, {}).y,
  }),
};

/** y = max(x, 0). */
export function relu(x: Tensor): Tensor {
  return apply(reluOp, { x }, {}).y;
}
