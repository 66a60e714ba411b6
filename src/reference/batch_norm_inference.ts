/** batch_norm_inference in float64. Letters: C channels (the last axis), μ and v given, σ = √(v + ε). */
import { type Array64, type Arrays, map64 } from './array64.js';
import { reduceTo64 } from './arithmetic.js';
import type { Reference } from './reference.js';

type Input = 'x' | 'gamma' | 'beta' | 'mean' | 'variance';
export type BatchNormAttributes = { readonly epsilon: number };

/** The value of a per-channel operand for element `index` of x. */
const of = ({ values }: Array64, index: number): number => values[index % values.length] as number;

const sigmaOf = ({ variance }: Pick<Arrays<Input>, 'variance'>, { epsilon }: BatchNormAttributes): Array64 =>
  map64(variance, (v) => Math.sqrt(v + epsilon));

/** y = γ·(x − μ)/σ + β */
export function batchNormInference64(inputs: Arrays<Input>, attributes: BatchNormAttributes): Array64 {
  const { x, gamma, beta, mean } = inputs;
  const sigma = sigmaOf(inputs, attributes);
  return map64(x, (value, i) => (of(gamma, i) * (value - of(mean, i))) / of(sigma, i) + of(beta, i));
}

/** The gradient through x − μ, with `minus` for its sign: −1 for gradients, 1 on absolute values for their Σ|terms|. */
export function batchNormInferenceGradients64(
  { x, gamma, mean, variance }: Arrays<Input>,
  dy: Array64,
  attributes: BatchNormAttributes,
  minus: 1 | -1,
): Arrays<Input> {
  const sigma = sigmaOf({ variance }, attributes);
  const dx = map64(dy, (value, i) => (value * of(gamma, i)) / of(sigma, i));
  const centred = map64(x, (value, i) => value + minus * of(mean, i));
  const sum = (term: (value: number, i: number) => number): Array64 => reduceTo64(map64(x, term), mean.shape);
  const at = ({ values }: Array64, i: number): number => values[i] as number;
  return {
    x: dx,
    gamma: sum((_, i) => (at(dy, i) * at(centred, i)) / of(sigma, i)),
    beta: sum((_, i) => at(dy, i)),
    mean: sum((_, i) => minus * at(dx, i)),
    variance: sum((_, i) => (minus * at(dx, i) * at(centred, i)) / (2 * of(sigma, i) ** 2)),
  };
}

export const batchNormInferenceReference: Reference<Input, 'y', BatchNormAttributes> = {
  op: 'batch_norm_inference',
  forward: (inputs, attributes) => ({ y: batchNormInference64(inputs, attributes) }),
  backward: (inputs, { y: dy }, attributes) => batchNormInferenceGradients64(inputs, dy, attributes, -1),
};
