/** Rectified linear unit: y = max(x, 0); its gradient at 0 is 0. */
import { type Op, apply } from '../engine/op.js';
import type { NoAttributes } from '../engine/pass.js';
import { runPass } from '../engine/program.js';
import type { Tensor } from '../engine/tensor.js';
import { elementwisePass } from './elementwise.js';

export const reluForward = elementwisePass('relu/forward', ['x'], {
  expression: ({ x }) => `max(${x}, 0.0)`,
});
/** From y, so that x need not be kept: y > 0 exactly where x > 0. */
export const reluInputGradient = elementwisePass('relu/input_gradient', ['y', 'dy'], {
  expression: ({ y, dy }) => `select(0.0, ${dy}, ${y} > 0.0)`,
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
