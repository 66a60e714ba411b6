/**
 * row_gather in float64: y[b] = rows[permutation[cursor + b] mod COUNT] over the concatenated rows of all buffers; past the end of
 * the epoch 0. Two buffers stand for any number.
 */
import { sizeOf } from '../engine/primitive.js';
import { stateWords } from '../state_words.js';
import { fill64 } from './array64.js';
import type { Reference } from './reference.js';

export const rowGatherReference: Reference<
  'rows_0' | 'rows_1' | 'permutation' | 'state',
  'y',
  { readonly batch: number }
> = {
  op: 'row_gather',
  forward: ({ rows_0: first, rows_1: second, permutation, state }, { batch }) => {
    const row = sizeOf(first.shape.slice(1));
    const values = [...first.values, ...second.values];
    const cursor = state.values[stateWords.cursor] as number;
    const epochSize = state.values[stateWords.epochSize] as number;
    const y = fill64([batch, ...first.shape.slice(1)], (element) => {
      const place = cursor + Math.floor(element / row);
      if (place >= epochSize) return 0;
      const sample = (permutation.values[place] as number) % (values.length / row);
      return values[sample * row + (element % row)]!;
    });
    return { y };
  },
};
