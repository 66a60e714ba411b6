/**
 * dropout in float64: y = x / (1 − rate) where u(seed, stream, step, element) ≥ rate, else 0.
 * The host's own pcg4d draws the random numbers, so a comparison also proves that host and device draw the same.
 */
import { pcg4d, uniform } from '../random.js';
import { stateWords } from '../state_words.js';
import { type Array64, map64 } from './array64.js';
import type { Reference } from './reference.js';

export type DropoutAttributes = {
  readonly rate: number;
  readonly stream: number;
  /** Elements per sample if x is a micro-batch, otherwise 0. */
  readonly perSample: number;
};

export interface Mask extends Omit<DropoutAttributes, 'perSample'> {
  readonly seed: number;
  readonly step: number;
}

/** The factor of element `index`. */
export function dropoutFactor64(index: number, { rate, stream, seed, step }: Mask): number {
  const [word] = pcg4d(seed, stream, step, index);
  // Rounded to f32 as on the device: 0.1 is not an f32, and u may be between the two.
  return uniform(word) >= Math.fround(rate) ? 1 / (1 - rate) : 0;
}

function masked(x: Array64, state: Array64, attributes: DropoutAttributes): Array64 {
  const seed = state.values[stateWords.seed] as number;
  const step = state.values[stateWords.step] as number;
  const word = (name: 'cursor' | 'batchStart'): number => state.values[stateWords[name]] as number;
  const before = (word('cursor') - word('batchStart')) * attributes.perSample;
  const mask: Mask = { rate: attributes.rate, stream: attributes.stream, seed, step };
  return map64(x, (value, i) => value * dropoutFactor64(before + i, mask));
}

export const dropoutReference: Reference<'x' | 'state', 'y', DropoutAttributes> = {
  op: 'dropout',
  forward: ({ x, state }, attributes) => ({ y: masked(x, state, attributes) }),
  backward: ({ state }, { y: dy }, attributes) => ({ x: masked(dy, state, attributes) }),
};
