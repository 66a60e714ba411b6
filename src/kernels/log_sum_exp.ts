/** The logarithm of the sum of exponentials over axes. */
import forwardWgsl from '../../shaders/log_sum_exp/forward.wgsl';
import termsWgsl from '../../shaders/log_sum_exp/terms.wgsl';
import nonFiniteWgsl from '../../shaders/floats/non_finite.wgsl';
import { type Op, apply } from '../engine/op.js';
import { type Primitive, sizeOf } from '../engine/primitive.js';
import { runPrimitive } from '../engine/program.js';
import { registerShaders } from '../engine/shader.js';
import type { Tensor } from '../engine/tensor.js';
import { exp, multiply, subtract } from './arithmetic.js';
import { bytesTouched, baselineVariant, gridFor } from './grid.js';
import { reshape } from './reshape.js';
import { type AxisRun, type ReduceOptions, aroundAxes, keptShape, reduceRuns, withoutAxes } from './sum.js';

registerShaders({
  'log_sum_exp/forward': forwardWgsl,
  'log_sum_exp/terms': termsWgsl,
  'floats/non_finite': nonFiniteWgsl,
});

export const logSumExpForward: Primitive<'x', 'y', AxisRun> = {
  name: 'log_sum_exp/forward',
  inputs: ['x'],
  outputs: ['y'],
  shape: ({ x }, run) => ({ y: withoutAxes(x.shape, run) }),
  cost: (context) => ({ flops: 4 * sizeOf(context.inputs.x.shape), bytes: bytesTouched(context) }),
  variants: [
    baselineVariant(
      ({ inputs, outputs, attributes, device }) => {
        const { outer: OUTER, reduced: REDUCED, inner: INNER } = aroundAxes(inputs.x.shape, attributes);
        const { WORKGROUP, workgroups } = gridFor(OUTER * INNER, device);
        const constants = { OUTER, REDUCED, INNER, CHANNELS: outputs.y.shape.at(-1) ?? 1, WORKGROUP };
        return { dispatches: [{ shader: 'log_sum_exp/forward', constants, workgroups }] };
      },
      { hasEpilogue: true },
    ),
  ],
};

export const logSumExpOp: Op<'x', 'y', AxisRun> = {
  name: 'log_sum_exp',
  primitives: [logSumExpForward],
  forward: (inputs, attributes) => runPrimitive(logSumExpForward, inputs, attributes),
  // dx = dy · softmax(x)
  backward: ({ inputs: { x }, outputs: { y }, attributes: run, gradients }) => ({
    x: () => {
      const kept = keptShape(x.shape, [run]);
      const share = exp(subtract(x, reshape(y, kept)));
      return multiply(reshape(gradients.y as Tensor, kept), share);
    },
  }),
};

/**
 * The logarithm of the sum of exponentials over axes; no exponential overflows.
 *
 *   y = log Σ exp(x)
 *
 * −∞ where all x are −∞, ∞ where one is ∞, NaN where one is NaN, as in PyTorch; only finite y have finite gradients.
 * Shapes: x any → y without the reduced axes (or with them as 1). Throws: ShapeError for an axis that x does not have.
 */
export function logSumExp(x: Tensor, options: ReduceOptions = {}): Tensor {
  return reduceRuns('logSumExp', x, options, (tensor, run) => apply(logSumExpOp, { x: tensor }, run).y);
}
