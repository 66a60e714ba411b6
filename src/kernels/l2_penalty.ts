/** The L2 term of a loss: y = λ·Σ w². */
import forwardWgsl from '../../shaders/l2_penalty/forward.wgsl';
import forwardReduceWgsl from '../../shaders/l2_penalty/forward_reduce.wgsl';
import { type Op, apply, opOf } from '../engine/op.js';
import { type Primitive, sizeOf } from '../engine/primitive.js';
import { runPrimitive } from '../engine/program.js';
import { registerShaders } from '../engine/shader.js';
import type { Tensor } from '../engine/tensor.js';
import { checkArgument } from '../calls.js';
import { notNegative } from '../options.js';
import { multiply, scale } from './arithmetic.js';
import { elementwisePrimitive } from './elementwise.js';
import { bytesTouched, baselineVariant, gridFor } from './grid.js';
import { sumTo } from './sum.js';

registerShaders({
  'l2_penalty/forward': forwardWgsl,
  'l2_penalty/forward_reduce': forwardReduceWgsl,
});

type L2Attributes = { readonly lambda: number };

export const l2PenaltyForward: Primitive<'w', 'y', L2Attributes> = {
  name: 'l2_penalty/forward',
  inputs: ['w'],
  outputs: ['y'],
  shape: () => ({ y: [] }),
  cost: (context) => ({ flops: 2 * sizeOf(context.inputs.w.shape), bytes: bytesTouched(context) }),
  variants: [
    baselineVariant(
      ({ inputs: { w }, attributes, device }) => {
        const SIZE = sizeOf(w.shape);
        // Sums of at least 16 terms, on enough invocations to fill the device.
        const most = device.family === 'software' ? 512 : 4096;
        const PARTS = Math.max(1, Math.min(most, Math.floor(SIZE / 16)));
        const { WORKGROUP, workgroups } = gridFor(PARTS, device);
        return {
          scratch: { partial: 4 * PARTS },
          dispatches: [
            { shader: 'l2_penalty/forward', constants: { SIZE, PARTS, WORKGROUP }, workgroups },
            {
              shader: 'l2_penalty/forward_reduce',
              constants: { PARTS, LAMBDA: attributes.lambda, WORKGROUP: 64 },
              workgroups: [1, 1, 1],
            },
          ],
        };
      },
      { hasEpilogue: true },
    ),
  ],
};

/** dw = 2λ·w·dy; fused with the gradient of the rest of the loss into one kernel. */
export const l2PenaltyWeightGradient = elementwisePrimitive<'w' | 'dy', L2Attributes>(
  'l2_penalty/weight_gradient',
  ['w', 'dy'],
  { expression: ({ w, dy }, { lambda }, _, scalar) => `${scalar(2 * lambda)} * ${w} * ${dy}` },
);

const l2PenaltyGradientOp: Op<'w' | 'dy', 'y', L2Attributes> = opOf(
  l2PenaltyWeightGradient,
  ({ inputs: { w, dy }, attributes, gradients }) => {
    const g = gradients.y as Tensor;
    return {
      w: () => apply(l2PenaltyGradientOp, { w: g, dy }, attributes).y,
      dy: () => sumTo(multiply(scale(w, 2 * attributes.lambda), g), dy.shape),
    };
  },
);

export const l2PenaltyOp: Op<'w', 'y', L2Attributes> = {
  name: 'l2_penalty',
  primitives: [l2PenaltyForward, l2PenaltyWeightGradient],
  forward: (inputs, attributes) => runPrimitive(l2PenaltyForward, inputs, attributes),
  unitGradientOf: 'y',
  backward: ({ inputs: { w }, attributes, gradients: { y: dy } }) => ({
    w: () => (dy ? apply(l2PenaltyGradientOp, { w, dy }, attributes).y : scale(w, 2 * attributes.lambda)),
  }),
};

/**
 * The L2 penalty of a loss, which pulls weights towards 0.
 *
 *   y = λ·Σ w²
 *
 * Shapes: w any → y []. Throws: UsageError for λ below 0.
 */
export function l2Penalty(w: Tensor, lambda: number): Tensor {
  checkArgument('l2Penalty', 'λ', lambda, () => notNegative);
  return apply(l2PenaltyOp, { w }, { lambda }).y;
}
