/** random_uniform and random_normal, √(−2 ln(1 − a)) · cos 2πb of two uniform numbers, in float64. */
import type { Shape } from '../engine/primitive.js';
import { type Words, pcg4d, uniform } from '../random.js';
import { stateWords } from '../state_words.js';
import { fill64 } from './array64.js';
import type { Reference } from './reference.js';

export type RandomAttributes = {
  readonly shape: Shape;
  readonly stream: number;
  /** Elements per sample if the tensor is a micro-batch, otherwise 0. */
  readonly perSample: number;
};

function randomReference(
  op: string,
  valueOf: (words: Words) => number,
): Reference<'state', 'y', RandomAttributes> {
  return {
    op,
    forward: ({ state }, { shape, stream, perSample }) => {
      const word = (name: keyof typeof stateWords): number => state.values[stateWords[name]] as number;
      const before = (word('cursor') - word('batchStart')) * perSample;
      const y = fill64(shape, (i) => valueOf(pcg4d(word('seed'), stream, word('step'), before + i)));
      return { y };
    },
    backward: () => ({}),
  };
}

export const randomUniformReference = randomReference('random_uniform', ([a]) => uniform(a));

export const randomNormalReference = randomReference(
  'random_normal',
  ([a, b]) => Math.sqrt(-2 * Math.log1p(-uniform(a))) * Math.cos(2 * Math.PI * uniform(b)),
);
