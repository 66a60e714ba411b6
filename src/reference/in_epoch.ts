/** in_epoch in float64: x where the sample, cursor + n, is below the epoch's size, else 0. */
import { stateWords } from '../state_words.js';
import { type Array64, map64 } from './array64.js';
import type { Reference } from './reference.js';

function inEpoch64(x: Array64, { values }: Array64): Array64 {
  const perSample = x.values.length / (x.shape[0] as number);
  const left = (values[stateWords.epochSize] as number) - (values[stateWords.cursor] as number);
  return map64(x, (value, i) => (Math.floor(i / perSample) < left ? value : 0));
}

export const inEpochReference: Reference<'x' | 'state', 'y'> = {
  op: 'in_epoch',
  forward: ({ x, state }) => ({ y: inEpoch64(x, state) }),
  backward: ({ state }, { y: dy }) => ({ x: inEpoch64(dy, state) }),
};
