/** Adadelta. */
import { add, divide, multiply, scale, sqrt, square, subtract } from '../../kernels/arithmetic.js';
import { assign } from '../../kernels/assign.js';
import { belowOne, positive } from '../../options.js';
import { movingMean } from './moving_mean.js';
import { defineOptimizer } from './define_optimizer.js';

export interface AdadeltaOptions {
  /** The factor of the old mean squares. Default 0.95; PyTorch's is 0.9. */
  readonly rho?: number;
  /** Default 1e-7; PyTorch's is 1e-6. */
  readonly epsilon?: number;
}

/**
 * Adadelta: steps with the units of the parameters.
 *
 *   a ← ρ·a + (1 − ρ)·g²;   δ = √(d + ε) / √(a + ε) · g;   d ← ρ·d + (1 − ρ)·δ²;   p ← p − lr·δ
 *
 * Throws: UsageError for values out of range.
 * Source: Zeiler 2012; Keras for the defaults. The rate of the paper, and PyTorch's, is 1.
 */
export const adadelta = defineOptimizer<AdadeltaOptions>({
  name: 'adadelta',
  rules: () => ({ rho: belowOne, epsilon: positive }),
  defaults: { rho: 0.95, epsilon: 1e-7 },
  learningRate: 1e-3,
  slots: () => ['mean_square', 'mean_square_step'],
  update: ({ parameters, gradients, slots, scalar }, { rho, epsilon }) => {
    const meanSquare = movingMean(slots['mean_square']!, rho, square(gradients));
    // Read once, so that the kernel that changes the slot can use its old value twice.
    const before = scale(slots['mean_square_step']!, 1);
    const step = multiply(divide(sqrt(add(before, epsilon)), sqrt(add(meanSquare, epsilon))), gradients);
    assign(slots['mean_square_step']!, add(scale(before, rho), scale(square(step), 1 - rho)));
    return subtract(parameters, multiply(step, scalar('learning_rate')));
  },
});
