/** Updates in place the moving mean and variance that batch normalisation keeps for inference. */
import forwardWgsl from '../../shaders/batch_norm_moving/forward.wgsl';
import { ShapeError } from '../errors.js';
import { type Primitive, sizeOf } from '../engine/primitive.js';
import { runPrimitive } from '../engine/program.js';
import { registerShaders } from '../engine/shader.js';
import { type Tensor, checkOperands, describe } from '../engine/tensor.js';
import { checkCall } from '../calls.js';
import { type Rules, belowOne, required } from '../options.js';
import { baselineVariant, gridFor } from './grid.js';

registerShaders({ 'batch_norm_moving/forward': forwardWgsl });

type Operand = 'mean' | 'variance' | 'movingMean' | 'movingVariance';

export type BatchNormMovingAttributes = {
  /** Share of the old value that is kept. */
  readonly momentum: number;
};

const rules = (): Rules<BatchNormMovingAttributes> => ({ momentum: required(belowOne) });

export const batchNormMovingForward: Primitive<Operand, never, BatchNormMovingAttributes> = {
  name: 'batch_norm_moving/forward',
  inputs: ['mean', 'variance', 'movingMean', 'movingVariance'],
  outputs: [],
  mutates: ['movingMean', 'movingVariance'],
  shape: (operands) => {
    const specs = Object.values(operands);
    if (specs.some(({ shape }) => shape.length !== 1 || shape[0] !== operands.mean.shape[0]))
      throw new ShapeError(
        `batchNormMoving: the operands are ${specs.map(describe).join(', ')}, expected four of one length.`,
      );
    return {};
  },
  // For mean and variance: reads two, writes one.
  cost: ({ inputs }) => ({ flops: 6 * sizeOf(inputs.mean.shape), bytes: 24 * sizeOf(inputs.mean.shape) }),
  variants: [
    baselineVariant(({ inputs: { mean }, attributes: { momentum }, device }) => {
      const C = sizeOf(mean.shape);
      const { WORKGROUP, workgroups } = gridFor(C, device);
      const constants = { C, SHARE: 1 - momentum, WORKGROUP };
      return { dispatches: [{ shader: 'batch_norm_moving/forward', constants, workgroups }] };
    }),
  ],
};

/**
 * One update of the moving statistics, in place.
 *
 *   movingMean ← momentum·movingMean + (1 − momentum)·mean, and likewise for the variance
 *
 * Shapes: all [C]. Source: Keras, whose moving variance is the biased one too.
 */
export function batchNormMoving(
  operands: Readonly<Record<Operand, Tensor>>,
  attributes: BatchNormMovingAttributes,
): void {
  checkOperands('batchNormMoving', batchNormMovingForward.inputs, operands);
  checkCall('batchNormMoving', attributes, rules);
  runPrimitive(batchNormMovingForward, operands, attributes);
}
