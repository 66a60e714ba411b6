/** label_gather in float64: labels[permutation[cursor + b] mod COUNT]; behind the end of the epoch 0xffffffff. */
import { stateWords } from '../state_words.js';
import { fill64 } from './array64.js';
import type { Reference } from './reference.js';

export const labelGatherReference: Reference<
  'labels' | 'permutation' | 'state',
  'y',
  { readonly batch: number }
> = {
  op: 'label_gather',
  forward: ({ labels, permutation, state }, { batch }) => {
    const cursor = state.values[stateWords.cursor] as number;
    const epochSize = state.values[stateWords.epochSize] as number;
    const labelAt = (place: number): number =>
      labels.values[(permutation.values[place] as number) % labels.values.length] as number;
    return {
      y: fill64([batch], (b) => (cursor + b < epochSize ? labelAt(cursor + b) : 0xffffffff), 'u32'),
    };
  },
};
