/**
 * rmsprop in float64: v ← ρ·v + (1 − ρ)·g²; p ← p − lr·g / √(v + ε), or / (√v + ε).
 * Letters: p parameters, g gradients, v the running mean square.
 */
import { type Arrays, map64 } from './array64.js';
import type { Reference } from './reference.js';
import { rateOf } from './sgd.js';

type Input = 'parameters' | 'gradients' | 'mean_square' | 'stepScalars' | 'state';

export type RmspropAttributes = {
  readonly rho: number;
  readonly epsilon: number;
  readonly epsilonInsideRoot: boolean;
};

/** The change of each parameter, and the new v. */
export function rmspropStep64(
  { gradients, mean_square, ...at }: Omit<Arrays<Input>, 'parameters'>,
  { rho, epsilon, epsilonInsideRoot }: RmspropAttributes,
): { step: Float64Array; v: Float64Array } {
  const rate = rateOf(at);
  const v = mean_square.values.map((old, i) => rho * old + (1 - rho) * (gradients.values[i] as number) ** 2);
  const step = v.map((mean, i) => {
    const root = epsilonInsideRoot ? Math.sqrt(mean + epsilon) : Math.sqrt(mean) + epsilon;
    return (rate * (gradients.values[i] as number)) / root;
  });
  return { step, v };
}

export const rmspropReference: Reference<Input, 'parameters' | 'mean_square', RmspropAttributes> = {
  op: 'rmsprop',
  forward: (inputs, attributes) => {
    const { step, v } = rmspropStep64(inputs, attributes);
    return {
      parameters: map64(inputs.parameters, (p, i) => p - (step[i] as number)),
      mean_square: { ...inputs.mean_square, values: v },
    };
  },
};
