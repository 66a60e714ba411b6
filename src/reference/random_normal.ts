/** random_normal in float64: √(−2 ln(1 − a)) · cos 2πb of two uniform numbers. */
import type { Shape } from '../engine/primitive.js';
import { pcg4d, uniform } from '../random.js';
import { stateWords } from '../state_words.js';
import { type Array64, fill64 } from './array64.js';
import type { Reference } from './reference.js';

export type RandomNormalAttributes = {
  readonly shape: Shape;
  readonly stream: number;
  /** Elements per sample if the tensor is a micro-batch, otherwise 0. */
  readonly perSample: number;
};

function randomNormal64(state: Array64, { shape, stream, perSample }: RandomNormalAttributes): Array64 {
  const word = (name: keyof typeof stateWords): number => state.values[stateWords[name]] as number;
  const before = (word('cursor') - word('batchStart')) * perSample;
  return fill64(shape, (i) => {
    const [a, b] = pcg4d(word('seed'), stream, word('step'), before + i);
    return Math.sqrt(-2 * Math.log1p(-uniform(a))) * Math.cos(2 * Math.PI * uniform(b));
  });
}

export const randomNormalReference: Reference<'state', 'y', RandomNormalAttributes> = {
  op: 'random_normal',
  forward: ({ state }, attributes) => ({ y: randomNormal64(state, attributes) }),
  backward: () => ({}),
};
