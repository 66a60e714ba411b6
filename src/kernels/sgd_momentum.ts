/** Gradient descent with momentum, of all parameters at once, in place. */
import updateWgsl from '../../shaders/sgd_momentum/update.wgsl';
import { type Primitive, sizeOf } from '../engine/primitive.js';
import { runPrimitive } from '../engine/program.js';
import { registerShaders } from '../engine/shader.js';
import { type Tensor, checkOperands } from '../engine/tensor.js';
import { checkCall } from '../calls.js';
import { type Rules, flag, required, within } from '../options.js';
import { baselineVariant, gridFor } from './grid.js';
import { checkInPlace } from './in_place.js';

registerShaders({ 'sgd_momentum/update': updateWgsl });

type Operand = 'parameters' | 'gradients' | 'velocity' | 'stepScalars' | 'state';

export type SgdMomentumAttributes = {
  /** Share of the old velocity that stays. */
  readonly momentum: number;
  /** True: the step looks one velocity ahead. */
  readonly isNesterov: boolean;
};

const rules = (): Rules<SgdMomentumAttributes> => ({
  momentum: required(within(0, 1)),
  isNesterov: required(flag),
});

export const sgdMomentumUpdate: Primitive<Operand, never, SgdMomentumAttributes> = {
  name: 'sgd_momentum/update',
  inputs: ['parameters', 'gradients', 'velocity', 'stepScalars', 'state'],
  outputs: [],
  dtypes: { state: 'u32' },
  mutates: ['parameters', 'velocity'],
  shape: (operands) => {
    checkInPlace('sgdMomentum', operands);
    return {};
  },
  // Reads three, writes two.
  cost: ({ inputs }) => ({
    flops: 6 * sizeOf(inputs.parameters.shape),
    bytes: 20 * sizeOf(inputs.parameters.shape),
  }),
  variants: [
    baselineVariant(({ inputs, attributes: { momentum, isNesterov }, device }) => {
      const SIZE = sizeOf(inputs.parameters.shape);
      const { workgroups, ...grid } = gridFor(SIZE, device, { software: 64 });
      const constants = { SIZE, MOMENTUM: momentum, NESTEROV: isNesterov ? 1 : 0, ...grid };
      return { dispatches: [{ shader: 'sgd_momentum/update', constants, workgroups }] };
    }),
  ],
};

/**
 * One step of gradient descent with momentum, in place.
 *
 *   v ← μ·v − lr·g;   p ← p + v   (or p + μ·v − lr·g with the new v, Nesterov's form)
 *
 * Shapes: parameters, gradients, velocity [SIZE]; the learning rate is the step's row of stepScalars [steps,1].
 * Source: Polyak 1964; Nesterov's form as in Sutskever et al. 2013, written as Keras does.
 */
export function sgdMomentum(
  operands: Readonly<Record<Operand, Tensor>>,
  attributes: SgdMomentumAttributes,
): void {
  checkOperands('sgdMomentum', sgdMomentumUpdate.inputs, operands);
  checkCall('sgdMomentum', attributes, rules);
  runPrimitive(sgdMomentumUpdate, operands, attributes);
}
