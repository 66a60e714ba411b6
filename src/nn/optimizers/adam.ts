/** Adam, and AdamW, which is Adam with weight decay. */
import type { Tensor } from '../../engine/tensor.js';
import { add, divide, multiply, sqrt, square, subtract } from '../../kernels/arithmetic.js';
import { belowOne, notNegative, oneOf } from '../../options.js';
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
}

type Moments = Required<Pick<AdamOptions, 'beta1' | 'beta2' | 'epsilon' | 'epsilonPlacement'>>;

/** The rate with both bias corrections, and ε, which PyTorch's form corrects as well. */
export function adamScalars({
  beta1,
  beta2,
  epsilon,
  epsilonPlacement,
}: Moments): Record<string, StepScalar> {
  const correction = (update: number): number => Math.sqrt(1 - beta2 ** update);
  return {
    corrected_rate: ({ learningRate, update }) => (learningRate * correction(update)) / (1 - beta1 ** update),
    epsilon: ({ update }) => (epsilonPlacement === 'corrected' ? epsilon * correction(update) : epsilon),
  };
}

/** The parameters after a step of Adam. */
export function adamUpdate(
  { parameters, gradients, slots, scalar }: UpdateOperands,
  { beta1, beta2 }: Moments,
): Tensor {
  const mean = movingMean(slots['mean']!, beta1, gradients);
  const meanSquare = movingMean(slots['mean_square']!, beta2, square(gradients));
  const root = add(sqrt(meanSquare), scalar('epsilon'));
  return subtract(parameters, divide(multiply(scalar('corrected_rate'), mean), root));
}

const declaration: Omit<OptimizerDeclaration<AdamOptions>, 'name'> = {
  rules: () => ({
    beta1: belowOne,
    beta2: belowOne,
    epsilon: notNegative,
    epsilonPlacement: oneOf(['uncorrected', 'corrected']),
  }),
  defaults: { beta1: 0.9, beta2: 0.999, epsilon: 1e-7, epsilonPlacement: 'uncorrected' },
  learningRate: 1e-3,
  scalars: adamScalars,
  slots: () => ['mean', 'mean_square'],
  update: adamUpdate,
};

/**
 * Adam.
 *
 *   m ← β₁·m + (1 − β₁)·g;   v ← β₂·v + (1 − β₂)·g²
 *   p ← p − lr·√(1 − β₂ᵗ)/(1 − β₁ᵗ) · m / (√v + ε)
 *
 * With `epsilonPlacement: 'corrected'`: p ← p − lr · m̂ / (√v̂ + ε), m̂ = m/(1 − β₁ᵗ), v̂ = v/(1 − β₂ᵗ); PyTorch's ε is 1e-8.
 * Throws: UsageError for values out of range.
 * Source: Kingma and Ba 2014, Keras for the form and the defaults.
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
