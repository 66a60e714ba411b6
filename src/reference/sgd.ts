/** sgd in float64: p ← p − lr·g. */
import type { NoAttributes } from '../engine/primitive.js';
import { stateWords } from '../state_words.js';
import { combine64 } from './arithmetic.js';
import type { Arrays } from './array64.js';
import type { Reference } from './reference.js';

/** The learning rate of the current step. */
export function rateOf({ stepScalars, state }: Arrays<'stepScalars' | 'state'>): number {
  return stepScalars.values[state.values[stateWords.epochStep] as number] as number;
}

export const sgdReference: Reference<
  'parameters' | 'gradients' | 'stepScalars' | 'state',
  'parameters',
  NoAttributes
> = {
  op: 'sgd',
  forward: ({ parameters, gradients, ...step }) => ({
    parameters: combine64(parameters, gradients, (p, g) => p - rateOf(step) * g),
  }),
};
