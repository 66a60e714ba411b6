/** sgd_momentum in float64: v ← μ·v − lr·g; p ← p + v, or p + μ·v − lr·g with the new v. */
import { combine64 } from './arithmetic.js';
import type { Array64, Arrays } from './array64.js';
import type { Reference } from './reference.js';
import { rateOf } from './sgd.js';

type Input = 'parameters' | 'gradients' | 'velocity' | 'stepScalars' | 'state';
type Changed = 'parameters' | 'velocity';
export type SgdMomentumAttributes = { readonly momentum: number; readonly isNesterov: boolean };

/** The update with `minus` −1; with 1, on absolute values, its Σ|terms|. */
export function sgdMomentum64(
  { parameters, gradients, velocity, ...step }: Arrays<Input>,
  { momentum, isNesterov }: SgdMomentumAttributes,
  minus: 1 | -1,
): Arrays<Changed> {
  const pull = (v: Array64): Array64 =>
    combine64(v, gradients, (value, g) => momentum * value + minus * rateOf(step) * g);
  const next = pull(velocity);
  const move = isNesterov ? pull(next) : next;
  return { parameters: combine64(parameters, move, (p, by) => p + by), velocity: next };
}

export const sgdMomentumReference: Reference<Input, Changed, SgdMomentumAttributes> = {
  op: 'sgd_momentum',
  forward: (inputs, attributes) => sgdMomentum64(inputs, attributes, -1),
};
