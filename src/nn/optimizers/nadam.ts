/** Nadam: Adam with Nesterov momentum. */
import { add, divide, multiply, sqrt, square, subtract } from '../../kernels/arithmetic.js';
import { belowOne, notNegative, positive } from '../../options.js';
import { movingMean } from './moving_mean.js';
import { defineOptimizer } from './define_optimizer.js';

export interface NadamOptions {
  /** The factor of the old mean of the gradients. Default 0.9. */
  readonly beta1?: number;
  /** The factor of the old mean of their squares. Default 0.999. */
  readonly beta2?: number;
  /** Default 1e-7. */
  readonly epsilon?: number;
  /** How fast the momentum rises from about β₁/2 to β₁. Default 1 as in Keras; PyTorch's is 0.004. */
  readonly momentumDecay?: number;
}

/** u(t) = β₁·(1 − 0.96^(t·momentumDecay)/2), and its products over 1 … t. */
function momenta({ beta1, momentumDecay }: Required<NadamOptions>): {
  at(update: number): number;
  productTo(update: number): number;
} {
  const at = (update: number): number => beta1 * (1 - 0.5 * 0.96 ** (update * momentumDecay));
  const products = [1];
  return {
    at,
    productTo: (update) => {
      for (let t = products.length; t <= update; t++) products.push(products[t - 1]! * at(t));
      return products[update]!;
    },
  };
}

/**
 * Adam with Nesterov momentum.
 *
 *   m ← β₁·m + (1 − β₁)·g;   v ← β₂·v + (1 − β₂)·g²;   u(t) = β₁·(1 − 0.96^(t·momentumDecay)/2);   π(t) = u(1) ⋯ u(t)
 *   p ← p − lr · (u(t+1)·m / (1 − π(t+1)) + (1 − u(t))·g / (1 − π(t))) / (√(v/(1 − β₂ᵗ)) + ε)
 *
 * Throws: UsageError for values out of range.
 * Source: Dozat 2016, Keras for the form and the defaults; PyTorch's are momentumDecay 0.004, ε 1e-8 and a rate of 0.002.
 */
export const nadam = defineOptimizer<NadamOptions>({
  name: 'nadam',
  rules: () => ({ beta1: belowOne, beta2: belowOne, epsilon: notNegative, momentumDecay: positive }),
  defaults: { beta1: 0.9, beta2: 0.999, epsilon: 1e-7, momentumDecay: 1 },
  learningRate: 1e-3,
  scalars: (options) => {
    const { at, productTo } = momenta(options);
    return {
      mean_rate: ({ learningRate, update: t }) => (learningRate * at(t + 1)) / (1 - productTo(t + 1)),
      gradient_rate: ({ learningRate, update: t }) => (learningRate * (1 - at(t))) / (1 - productTo(t)),
      correction: ({ update: t }) => 1 - options.beta2 ** t,
    };
  },
  slots: () => ['mean', 'mean_square'],
  update: ({ parameters, gradients, slots, scalar }, { beta1, beta2, epsilon }) => {
    const mean = movingMean(slots['mean']!, beta1, gradients);
    const meanSquare = movingMean(slots['mean_square']!, beta2, square(gradients));
    const ahead = add(multiply(mean, scalar('mean_rate')), multiply(gradients, scalar('gradient_rate')));
    const root = add(sqrt(divide(meanSquare, scalar('correction'))), epsilon);
    return subtract(parameters, divide(ahead, root));
  },
});
