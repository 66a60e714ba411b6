/** The mathematics of batch_norm_inference in float64. Letters: C channels (the last axis), σ = √(v + ε). */
import { type Array64, type Arrays, map64 } from './reference.js';

export type Input = 'x' | 'gamma' | 'beta' | 'mean' | 'variance';
export type Options = { readonly epsilon: number };

/** The value of a per-channel operand that belongs to element `index` of x. */
export const of = ({ values }: Array64, index: number): number => values[index % values.length] as number;

export const sigmaOf = ({ variance }: Pick<Arrays<Input>, 'variance'>, { epsilon }: Options): Array64 =>
  map64(variance, (v) => Math.sqrt(v + epsilon));

/** y = γ·(x − μ)/σ + β */
export function batchNormInference64(inputs: Arrays<Input>, options: Options): Array64 {
  const { x, gamma, beta, mean } = inputs;
  const sigma = sigmaOf(inputs, options);
  return map64(x, (value, i) => (of(gamma, i) * (value - of(mean, i))) / of(sigma, i) + of(beta, i));
}
