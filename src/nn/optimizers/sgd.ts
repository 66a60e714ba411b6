/** Gradient descent, optionally with momentum. */
import { add, multiply, scale, subtract } from '../../kernels/arithmetic.js';
import { assign } from '../../kernels/assign.js';
import { flag, within } from '../../options.js';
import { defineOptimizer } from './define_optimizer.js';

export interface SgdOptions {
  /** The factor of the old velocity; 0 is plain gradient descent, which has no velocity. Default 0. */
  readonly momentum?: number;
  /** Nesterov momentum. Default false. */
  readonly nesterov?: boolean;
}

/**
 * Gradient descent, optionally with momentum.
 *
 *   p ← p − lr·g;   with momentum μ:  v ← μ·v − lr·g,  p ← p + v   (Nesterov: p ← p + μ·v − lr·g)
 *
 * PyTorch's velocity does not contain the rate: its steps are the same as long as the rate is. Its `weight_decay` is a penalty
 * in the gradient: a kernelRegularizer with l2 of half of it.
 * Throws: UsageError for values out of range.
 * Source: Polyak 1964; Nesterov's form as in Sutskever et al. 2013; Keras for the formulas and defaults.
 */
export const sgd = defineOptimizer<SgdOptions>({
  name: 'sgd',
  rules: () => ({ momentum: within(0, 1), nesterov: flag }),
  defaults: { momentum: 0, nesterov: false },
  learningRate: 0.01,
  slots: ({ momentum }) => (momentum === 0 ? [] : ['velocity']),
  update: ({ parameters, gradients, slots, scalar }, { momentum, nesterov }) => {
    // Recorded for each use, so that both are computed in one kernel.
    const step = () => multiply(scalar('learning_rate'), gradients);
    const { velocity } = slots;
    if (!velocity) return subtract(parameters, step());
    const next = subtract(scale(velocity, momentum), step());
    assign(velocity, next);
    return nesterov ? subtract(add(parameters, scale(next, momentum)), step()) : add(parameters, next);
  },
});
