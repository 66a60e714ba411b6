/** Plain gradient descent of all parameters at once, in place. */
import updateWgsl from '../../shaders/sgd/update.wgsl';
import { type NoAttributes, type Primitive, sizeOf } from '../engine/primitive.js';
import { runPrimitive } from '../engine/program.js';
import { registerShaders } from '../engine/shader.js';
import { type Tensor, checkOperands } from '../engine/tensor.js';
import { baselineVariant, gridFor } from './grid.js';
import { checkInPlace } from './in_place.js';

registerShaders({ 'sgd/update': updateWgsl });

export const sgdUpdate: Primitive<'parameters' | 'gradients' | 'stepScalars' | 'state', never, NoAttributes> =
  {
    name: 'sgd/update',
    inputs: ['parameters', 'gradients', 'stepScalars', 'state'],
    outputs: [],
    dtypes: { state: 'u32' },
    mutates: ['parameters'],
    shape: (operands) => {
      checkInPlace('sgd', operands);
      return {};
    },
    // Reads two, writes one.
    cost: ({ inputs }) => ({
      flops: 2 * sizeOf(inputs.parameters.shape),
      bytes: 12 * sizeOf(inputs.parameters.shape),
    }),
    variants: [
      baselineVariant(({ inputs, device }) => {
        const SIZE = sizeOf(inputs.parameters.shape);
        const { workgroups, ...grid } = gridFor(SIZE, device, { software: 64 });
        return { dispatches: [{ shader: 'sgd/update', constants: { SIZE, ...grid }, workgroups }] };
      }),
    ],
  };

/**
 * One step of gradient descent, in place.
 *
 *   p ← p − lr·g
 *
 * Shapes: parameters, gradients [SIZE]; the learning rate is the step's row of stepScalars [steps,1].
 */
export function sgd(
  operands: Readonly<Record<'parameters' | 'gradients' | 'stepScalars' | 'state', Tensor>>,
): void {
  checkOperands('sgd', sgdUpdate.inputs, operands);
  runPrimitive(sgdUpdate, operands, {});
}
