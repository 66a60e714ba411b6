/** Plain gradient descent of all parameters at once, in place. */
import forwardWgsl from '../../shaders/sgd/forward.wgsl';
import { type NoAttributes, type Primitive, sizeOf } from '../engine/primitive.js';
import { runPrimitive } from '../engine/program.js';
import { registerShaders } from '../engine/shader.js';
import { type Tensor, checkOperands } from '../engine/tensor.js';
import { baselineVariant, gridFor } from './grid.js';
import { checkInPlace } from './in_place.js';

registerShaders({ 'sgd/forward': forwardWgsl });

export const sgdForward: Primitive<'parameters' | 'gradients' | 'state', never, NoAttributes> = {
  name: 'sgd/forward',
  inputs: ['parameters', 'gradients', 'state'],
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
      return { dispatches: [{ shader: 'sgd/forward', constants: { SIZE, ...grid }, workgroups }] };
    }),
  ],
};

/**
 * One step of gradient descent, in place.
 *
 *   p ← p − lr·g
 *
 * Shapes: parameters, gradients [SIZE]; the learning rate comes from the step's state.
 */
export function sgd(operands: Readonly<Record<'parameters' | 'gradients' | 'state', Tensor>>): void {
  checkOperands('sgd', sgdForward.inputs, operands);
  runPrimitive(sgdForward, operands, {});
}
