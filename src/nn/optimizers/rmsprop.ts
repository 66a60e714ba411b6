/** RMSprop, optionally centered and with momentum. */
import updateWgsl from '../../../shaders/rmsprop/update.wgsl';
import updateGpuWgsl from '../../../shaders/rmsprop/update_gpu.wgsl';
import { runPrimitive } from '../../engine/program.js';
import { add, divide, multiply, scale, sqrt, square, subtract } from '../../kernels/arithmetic.js';
import { assign } from '../../kernels/assign.js';
import { relu } from '../../kernels/relu.js';
import { belowOne, flag, oneOf, positive } from '../../options.js';
import { movingMean } from './moving_mean.js';
import { defineOptimizer } from './define_optimizer.js';
import { updatePrimitive } from './update.js';

export interface RmspropOptions {
  /** The factor of the old mean square. Default 0.9. */
  readonly rho?: number;
  /** Default 1e-8. */
  readonly epsilon?: number;
  /** 'inside' the root as in Keras, or 'outside' as in PyTorch. Default 'inside'. */
  readonly epsilonPlacement?: 'inside' | 'outside';
  /** Whether the root is that of the variance of the gradients instead of their mean square. Default false. */
  readonly centered?: boolean;
  /** The factor of the old step, added to the new one. Default 0. */
  readonly momentum?: number;
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
 *   v ← ρ·v + (1 − ρ)·g²;   p ← p − s,  s = lr·g / √(v + ε)   (or / (√v + ε))
 *   centered:  a ← ρ·a + (1 − ρ)·g,  and v − a² under the root; rounding never makes it negative
 *   momentum μ:  b ← μ·b + s,  p ← p − b
 *
 * PyTorch's b does not contain the rate: its steps are the same as long as the rate is.
 * Throws: UsageError for values out of range.
 * Source: Tieleman and Hinton 2012, Graves 2013 for the centered form; Keras for the default position of ε.
 */
export const rmsprop = defineOptimizer<RmspropOptions>({
  name: 'rmsprop',
  rules: () => ({
    rho: belowOne,
    epsilon: positive,
    epsilonPlacement: oneOf(['inside', 'outside']),
    centered: flag,
    momentum: belowOne,
  }),
  defaults: { rho: 0.9, epsilon: 1e-8, epsilonPlacement: 'inside', centered: false, momentum: 0 },
  learningRate: 1e-3,
  slots: ({ centered, momentum }) => [
    ...slots,
    ...(centered ? ['mean'] : []),
    ...(momentum > 0 ? ['momentum'] : []),
  ],
  update: (
    { parameters, gradients, slots: kept, scalar },
    { rho, epsilon, epsilonPlacement, momentum, centered },
  ) => {
    const meanSquare = movingMean(kept['mean_square']!, rho, square(gradients));
    const under = centered
      ? relu(subtract(meanSquare, square(movingMean(kept['mean']!, rho, gradients))))
      : meanSquare;
    const root = epsilonPlacement === 'inside' ? sqrt(add(under, epsilon)) : add(sqrt(under), epsilon);
    const step = divide(multiply(gradients, scalar('learning_rate')), root);
    if (momentum === 0) return subtract(parameters, step);
    const next = add(scale(kept['momentum']!, momentum), step);
    assign(kept['momentum']!, next);
    return subtract(parameters, next);
  },
  updateInPlace: ({ rho, epsilon, epsilonPlacement, centered, momentum }) =>
    centered || momentum > 0
      ? undefined
      : ({ parameters, gradients, slots: kept, stepScalars, state }) => {
          const constants = {
            RHO: rho,
            EPSILON: epsilon,
            EPSILON_INSIDE: epsilonPlacement === 'inside' ? 1 : 0,
          };
          runPrimitive(rmspropUpdate, { parameters, gradients, ...kept, stepScalars, state }, constants);
        },
});
