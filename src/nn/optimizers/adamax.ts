/** Adamax: Adam with the maximum norm. */
import { add, divide, multiply, scale, subtract } from '../../kernels/arithmetic.js';
import { abs } from '../../kernels/rounding.js';
import { maximum } from '../../kernels/extremes.js';
import { assign } from '../../kernels/assign.js';
import { belowOne, notNegative, oneOf } from '../../options.js';
import { defineOptimizer } from './define_optimizer.js';
import { movingMean } from './moving_mean.js';

export interface AdamaxOptions {
  /** The factor of the old mean of the gradients. Default 0.9. */
  readonly beta1?: number;
  /** The factor of the old maximum of their sizes. Default 0.999. */
  readonly beta2?: number;
  /** Default 1e-7; PyTorch's is 1e-8. */
  readonly epsilon?: number;
  /** 'outside' of the maximum as in Keras, or 'inside', added to |g|, as in PyTorch. Default 'outside'. */
  readonly epsilonPlacement?: 'inside' | 'outside';
}

/**
 * Adam with the maximum norm instead of the root mean square.
 *
 *   m ← β₁·m + (1 − β₁)·g;   u ← max(β₂·u, |g|);   p ← p − lr/(1 − β₁ᵗ) · m / (u + ε)
 *   (with ε inside: u ← max(β₂·u, |g| + ε), and / u)
 *
 * Throws: UsageError for values out of range. Source: Kingma and Ba 2014, Keras for the form and the defaults.
 */
export const adamax = defineOptimizer<AdamaxOptions>({
  name: 'adamax',
  rules: () => ({
    beta1: belowOne,
    beta2: belowOne,
    epsilon: notNegative,
    epsilonPlacement: oneOf(['inside', 'outside']),
  }),
  defaults: { beta1: 0.9, beta2: 0.999, epsilon: 1e-7, epsilonPlacement: 'outside' },
  learningRate: 1e-3,
  scalars: ({ beta1 }) => ({
    corrected_rate: ({ learningRate, update }) => learningRate / (1 - beta1 ** update),
  }),
  slots: () => ['mean', 'norm'],
  update: ({ parameters, gradients, slots, scalar }, { beta1, beta2, epsilon, epsilonPlacement }) => {
    const [inside, outside] = epsilonPlacement === 'inside' ? [epsilon, 0] : [0, epsilon];
    const mean = movingMean(slots['mean']!, beta1, gradients);
    const norm = maximum(scale(slots['norm']!, beta2), add(abs(gradients), inside));
    assign(slots['norm']!, norm);
    return subtract(parameters, divide(multiply(mean, scalar('corrected_rate')), add(norm, outside)));
  },
});
