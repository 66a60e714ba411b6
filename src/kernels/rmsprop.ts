/** The RMSprop update of all parameters at once, in place. */
import updateWgsl from '../../shaders/rmsprop/update.wgsl';
import updateGpuWgsl from '../../shaders/rmsprop/update_gpu.wgsl';
import { type Primitive, sizeOf } from '../engine/primitive.js';
import { runPrimitive } from '../engine/program.js';
import { registerShaders } from '../engine/shader.js';
import { type Tensor, checkOperands } from '../engine/tensor.js';
import { checkCall } from '../calls.js';
import { type Rules, belowOne, flag, notNegative, required } from '../options.js';
import { baselineVariant, gridFor } from './grid.js';
import { checkInPlace } from './in_place.js';

registerShaders({
  'rmsprop/update': updateWgsl,
  'rmsprop/update_gpu': updateGpuWgsl,
});

export type RmspropAttributes = {
  /** Share of the old mean square that stays. */
  readonly rho: number;
  readonly epsilon: number;
  /** True: √(v + ε), as in Keras. False: √v + ε, as in PyTorch. */
  readonly epsilonInsideRoot: boolean;
};

const rules = (): Rules<RmspropAttributes> => ({
  rho: required(belowOne),
  epsilon: required(notNegative),
  epsilonInsideRoot: required(flag),
});

const ruleConstants = ({ rho, epsilon, epsilonInsideRoot }: RmspropAttributes): Record<string, number> => ({
  RHO: rho,
  EPSILON: epsilon,
  EPSILON_INSIDE: epsilonInsideRoot ? 1 : 0,
});

export const rmspropUpdate: Primitive<
  'parameters' | 'gradients' | 'meanSquare' | 'stepScalars' | 'state',
  never,
  RmspropAttributes
> = {
  name: 'rmsprop/update',
  inputs: ['parameters', 'gradients', 'meanSquare', 'stepScalars', 'state'],
  outputs: [],
  dtypes: { state: 'u32' },
  mutates: ['parameters', 'meanSquare'],
  shape: (operands) => {
    checkInPlace('rmsprop', operands);
    return {};
  },
  // Reads three, writes two.
  cost: ({ inputs }) => ({
    flops: 8 * sizeOf(inputs.parameters.shape),
    bytes: 20 * sizeOf(inputs.parameters.shape),
  }),
  variants: [
    {
      name: 'gpu',
      family: 'gpu',
      hasEpilogue: false,
      supports: ({ inputs }) => sizeOf(inputs.parameters.shape) % 4 === 0,
      lower: ({ inputs, attributes, device }) => {
        const SIZE = sizeOf(inputs.parameters.shape);
        const { WORKGROUP, workgroups } = gridFor(SIZE / 4, device);
        const constants = { SIZE, ...ruleConstants(attributes), WORKGROUP };
        return { dispatches: [{ shader: 'rmsprop/update_gpu', constants, workgroups }] };
      },
    },
    baselineVariant(({ inputs, attributes, device }) => {
      const SIZE = sizeOf(inputs.parameters.shape);
      const { workgroups, ...grid } = gridFor(SIZE, device, { software: 64 });
      const constants = { SIZE, ...ruleConstants(attributes), ...grid };
      return { dispatches: [{ shader: 'rmsprop/update', constants, workgroups }] };
    }),
  ],
};

/**
 * One RMSprop step, in place.
 *
 *   v ← ρ·v + (1 − ρ)·g²;   p ← p − lr·g / √(v + ε)   (or / (√v + ε))
 *
 * Shapes: parameters, gradients, meanSquare [SIZE]; the learning rate is the step's row of stepScalars [steps,1].
 * Source: Tieleman and Hinton 2012; Keras for the place of ε.
 */
export function rmsprop(
  operands: Readonly<Record<'parameters' | 'gradients' | 'meanSquare' | 'stepScalars' | 'state', Tensor>>,
  attributes: RmspropAttributes,
): void {
  checkOperands('rmsprop', rmspropUpdate.inputs, operands);
  checkCall('rmsprop', attributes, rules);
  runPrimitive(rmspropUpdate, operands, attributes);
}
