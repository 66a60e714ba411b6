/** Gradient descent, optionally with momentum. */
import momentumWgsl from '../../../shaders/sgd_momentum/update.wgsl';
import updateWgsl from '../../../shaders/sgd/update.wgsl';
import { flag, within } from '../../options.js';
import { type LearningRateOption, defineOptimizer } from './optimizer.js';
import { updatePrimitive } from './update.js';

export interface SgdOptions extends LearningRateOption {
  /** The factor of the old velocity; 0 is plain gradient descent, which has no velocity. Default 0. */
  readonly momentum?: number;
  /** Nesterov momentum. Default false. */
  readonly nesterov?: boolean;
}

export const sgdUpdate = updatePrimitive({ name: 'sgd', slots: [], flops: 2, shader: updateWgsl });

export const sgdMomentumUpdate = updatePrimitive({
  name: 'sgd_momentum',
  slots: ['velocity'],
  flops: 6,
  shader: momentumWgsl,
});

/**
 * Gradient descent, optionally with momentum.
 *
 *   p ← p − lr·g;   with momentum μ:  v ← μ·v − lr·g,  p ← p + v   (Nesterov: p ← p + μ·v − lr·g)
 *
 * Throws: UsageError for values out of range.
 * Source: Polyak 1964; Nesterov's form as in Sutskever et al. 2013; Keras for the formulas and defaults.
 */
export const sgd = defineOptimizer<Omit<SgdOptions, 'learningRate'>>({
  name: 'sgd',
  rules: () => ({ momentum: within(0, 1), nesterov: flag }),
  defaults: { momentum: 0, nesterov: false },
  learningRate: 0.01,
  primitives: [sgdUpdate, sgdMomentumUpdate],
  update: ({ momentum, nesterov }) =>
    momentum === 0
      ? { primitive: sgdUpdate, slots: [], constants: () => ({}) }
      : {
          primitive: sgdMomentumUpdate,
          slots: ['velocity'],
          constants: () => ({ MOMENTUM: momentum, NESTEROV: nesterov ? 1 : 0 }),
        },
});
