/** Adam, and AdamW, which is Adam with weight decay. */
import type { Tensor } from '../../engine/tensor.js';
import { add, divide, multiply, sqrt, square, subtract } from '../../kernels/arithmetic.js';
import { maximum } from '../../kernels/extremes.js';
import { assign } from '../../kernels/assign.js';
import { belowOne, flag, notNegative, oneOf } from '../../options.js';
import { movingMean } from './moving_mean.js';
import { type OptimizerDeclaration, type UpdateOperands, defineOptimizer } from './define_optimizer.js';
import type { StepScalar } from './optimizer.js';

export interface AdamOptions {
  /** The factor of the old mean of the gradients. Default 0.9. */
  readonly beta1?: number;
  /** The factor of the old mean of their squares. Default 0.999. */
  readonly beta2?: number;
  /** Default 1e-7. */
  readonly epsilon?: number;
  /** Whether ε is added to √v as in Keras, or to the bias-corrected √v̂ as in PyTorch. Default 'uncorrected'. */
  readonly epsilonPlacement?: 'uncorrected' | 'corrected';
  /** Whether the root is that of the greatest mean square so far. Default false. */
  readonly amsgrad?: boolean;
}

/** The rate with both bias corrections, and ε, which PyTorch's form corrects as well. */
export function adamScalars({
  beta1,
  beta2,
  epsilon,
  epsilonPlacement,
}: Omit<Required<AdamOptions>, 'amsgrad'>): Record<'corrected_rate' | 'epsilon', StepScalar> {
  const correction = (update: number): number => Math.sqrt(1 - beta2 ** update);
  return {
    corrected_rate: ({ learningRate, update }) => (learningRate * correction(update)) / (1 - beta1 ** update),
    epsilon: ({ update }) => (epsilonPlacement === 'corrected' ? epsilon * correction(update) : epsilon),
  };
}

/** The parameters after a step of Adam. */
export function adamUpdate(
  { parameters, gradients, slots, scalar }: UpdateOperands,
  { beta1, beta2, amsgrad }: Pick<Required<AdamOptions>, 'beta1' | 'beta2' | 'amsgrad'>,
): Tensor {
  const mean = movingMean(slots['mean']!, beta1, gradients);
  const meanSquare = movingMean(slots['mean_square']!, beta2, square(gradients));
  const greatest = amsgrad ? maximum(slots['max_mean_square']!, meanSquare) : meanSquare;
  if (amsgrad) assign(slots['max_mean_square']!, greatest);
  const root = add(sqrt(greatest), scalar('epsilon'));
  return subtract(parameters, divide(multiply(mean, scalar('corrected_rate')), root));
}

const declaration: Omit<OptimizerDeclaration<AdamOptions>, 'name'> = {
  rules: () => ({
    beta1: belowOne,
    beta2: belowOne,
    epsilon: notNegative,
    epsilonPlacement: oneOf(['uncorrected', 'corrected']),
    amsgrad: flag,
  }),
  defaults: { beta1: 0.9, beta2: 0.999, epsilon: 1e-7, epsilonPlacement: 'uncorrected', amsgrad: false },
  learningRate: 1e-3,
  scalars: adamScalars,
  slots: ({ amsgrad }) => ['mean', 'mean_square', ...(amsgrad ? ['max_mean_square'] : [])],
  update: adamUpdate,
};

/**
 * Adam.
 *
 *   m ← β₁·m + (1 − β₁)·g;   v ← β₂·v + (1 − β₂)·g²
 *   p ← p − lr·√(1 − β₂ᵗ)/(1 − β₁ᵗ) · m / (√v + ε)
 *
 * With `epsilonPlacement: 'corrected'`: p ← p − lr · m̂ / (√v̂ + ε), m̂ = m/(1 − β₁ᵗ), v̂ = v/(1 − β₂ᵗ); PyTorch's ε is 1e-8.
 * With amsgrad: the greatest v so far in the place of v.
 * Throws: UsageError for values out of range.
 * Source: Kingma and Ba 2014, Reddi et al. 2018 for amsgrad, Keras for the form and the defaults.
 */
export const adam = defineOptimizer<AdamOptions>({ ...declaration, name: 'adam' });

/**
 * Adam with decoupled weight decay, 0.004 by default (PyTorch: 0.01).
 *
 *   p ← p − lr·weightDecay·p, then as adam
 *
 * Source: Loshchilov and Hutter 2017, Keras for the defaults.
 */
export const adamW = defineOptimizer<AdamOptions>({
  ...declaration,
  name: 'adamW',
  defaults: { ...declaration.defaults, weightDecay: 0.004 },
});
