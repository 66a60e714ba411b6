/** RMSprop. */
import updateWgsl from '../../../shaders/rmsprop/update.wgsl';
import updateGpuWgsl from '../../../shaders/rmsprop/update_gpu.wgsl';
import { runPrimitive } from '../../engine/program.js';
import { belowOne, oneOf, positive } from '../../options.js';
import { type LearningRateOption, defineOptimizer } from './optimizer.js';
import { updatePrimitive } from './update.js';

export interface RmspropOptions extends LearningRateOption {
  /** The factor of the old mean square. Default 0.9. */
  readonly rho?: number;
  /** Default 1e-8. */
  readonly epsilon?: number;
  /** 'inside' the root as in Keras, or 'outside' as in PyTorch. Default 'inside'. */
  readonly epsilonPlacement?: 'inside' | 'outside';
}

const slots = ['mean_square'];

export const rmspropUpdate = updatePrimitive({
  name: 'rmsprop',
  slots,
  flops: 8,
  shader: updateWgsl,
  vec4Shader: updateGpuWgsl,
});

/**
 * RMSprop.
 *
 *   v ← ρ·v + (1 − ρ)·g²;   p ← p − lr·g / √(v + ε)   (or / (√v + ε))
 *
 * Throws: UsageError for values out of range. Source: Tieleman and Hinton 2012; Keras for the default position of ε.
 */
export const rmsprop = defineOptimizer<Omit<RmspropOptions, 'learningRate'>>({
  name: 'rmsprop',
  rules: () => ({ rho: belowOne, epsilon: positive, epsilonPlacement: oneOf(['inside', 'outside']) }),
  defaults: { rho: 0.9, epsilon: 1e-8, epsilonPlacement: 'inside' },
  learningRate: 1e-3,
  slots: () => slots,
  update: (
    { parameters, gradients, slots: kept, stepScalars, state },
    { rho, epsilon, epsilonPlacement },
  ) => {
    const constants = { RHO: rho, EPSILON: epsilon, EPSILON_INSIDE: epsilonPlacement === 'inside' ? 1 : 0 };
    runPrimitive(rmspropUpdate, { parameters, gradients, ...kept, stepScalars, state }, constants);
  },
});
