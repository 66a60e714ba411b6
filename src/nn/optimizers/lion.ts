/** Lion: steps of one size, by the sign of a momentum. */
import { add, multiply, scale, subtract } from '../../kernels/arithmetic.js';
import { sign } from '../../kernels/rounding.js';
import { assign } from '../../kernels/assign.js';
import { belowOne } from '../../options.js';
import { defineOptimizer } from './define_optimizer.js';

export interface LionOptions {
  /** The factor of the old mean in the step. Default 0.9. */
  readonly beta1?: number;
  /** The factor of the old mean in the next mean. Default 0.99. */
  readonly beta2?: number;
}

/**
 * Lion.
 *
 *   p ← p − lr·sign(β₁·m + (1 − β₁)·g);   m ← β₂·m + (1 − β₂)·g
 *
 * Its rate is usually a third to a tenth of Adam's.
 * Throws: UsageError for values out of range. Source: Chen et al. 2023, Keras for the defaults.
 */
export const lion = defineOptimizer<LionOptions>({
  name: 'lion',
  rules: () => ({ beta1: belowOne, beta2: belowOne }),
  defaults: { beta1: 0.9, beta2: 0.99 },
  learningRate: 1e-3,
  slots: () => ['mean'],
  update: ({ parameters, gradients, slots, scalar }, { beta1, beta2 }) => {
    // Read once, so that the kernel that changes the slot can use its old value twice.
    const before = scale(slots['mean']!, 1);
    const direction = sign(add(scale(before, beta1), scale(gradients, 1 - beta1)));
    assign(slots['mean']!, add(scale(before, beta2), scale(gradients, 1 - beta2)));
    return subtract(parameters, multiply(direction, scalar('learning_rate')));
  },
});
