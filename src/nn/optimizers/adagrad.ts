/** Adagrad. */
import { add, divide, multiply, sqrt, square, subtract } from '../../kernels/arithmetic.js';
import { assign } from '../../kernels/assign.js';
import { notNegative, oneOf } from '../../options.js';
import { defineOptimizer } from './define_optimizer.js';

export interface AdagradOptions {
  /** What the sum of squares begins with. Default 0.1 as in Keras; PyTorch's is 0. */
  readonly initialAccumulatorValue?: number;
  /** Default 1e-7. */
  readonly epsilon?: number;
  /** 'inside' the root as in Keras, or 'outside' as in PyTorch. Default 'inside'. */
  readonly epsilonPlacement?: 'inside' | 'outside';
}

/**
 * Adagrad: steps shrink with the sum of all squared gradients so far.
 *
 *   a ← a + g²;   p ← p − lr·g / √(a₀ + a + ε)   (or / (√(a₀ + a) + ε)),   a₀ = initialAccumulatorValue
 *
 * The slot holds a, which starts at 0, so that a₀ takes no digits from small gradients.
 * Throws: UsageError for values out of range.
 * Source: Duchi et al. 2011, Keras for the form and the defaults.
 */
export const adagrad = defineOptimizer<AdagradOptions>({
  name: 'adagrad',
  rules: () => ({
    initialAccumulatorValue: notNegative,
    epsilon: notNegative,
    epsilonPlacement: oneOf(['inside', 'outside']),
  }),
  defaults: { initialAccumulatorValue: 0.1, epsilon: 1e-7, epsilonPlacement: 'inside' },
  learningRate: 1e-3,
  slots: () => ['accumulator'],
  update: (
    { parameters, gradients, slots, scalar },
    { initialAccumulatorValue, epsilon, epsilonPlacement },
  ) => {
    const sum = add(slots['accumulator']!, square(gradients));
    assign(slots['accumulator']!, sum);
    const root =
      epsilonPlacement === 'inside'
        ? sqrt(add(sum, initialAccumulatorValue + epsilon))
        : add(sqrt(add(sum, initialAccumulatorValue)), epsilon);
    return subtract(parameters, divide(multiply(gradients, scalar('learning_rate')), root));
  },
});
