/**
 * step_state/end_step, in integers:
 *   ring[step mod length] = (bits of the totals, …, step);  step + 1;  epoch step + 1;  cursor + batch.
 * With micro-batches: the start of the next batch, the smaller of its end and the epoch's, and the cursor at its start.
 */
import { stateWords } from '../state_words.js';
import { bitsOf } from './float_bits.js';
import type { Reference } from './reference.js';

type EndStepAttributes = { readonly batch: number; readonly isAccumulated: boolean };

export const stepStateReference: Reference<'totals' | 'state' | 'ring', 'state' | 'ring', EndStepAttributes> =
  {
    op: 'step_state',
    forward: ({ totals, state, ring }, { batch, isAccumulated }) => {
      const after = { ...state, values: state.values.slice() };
      const written = { ...ring, values: ring.values.slice() };
      const step = state.values[stateWords.step] as number;
      const [rows, words] = ring.shape as [number, number];
      const row = (step % rows) * words;
      totals.values.forEach((value, i) => (written.values[row + i] = bitsOf(value)));
      written.values[row + words - 1] = step;
      const start = state.values[isAccumulated ? stateWords.batchStart : stateWords.cursor] as number;
      const cursor = start + batch;
      after.values[stateWords.step] = step + 1;
      after.values[stateWords.epochStep] = (state.values[stateWords.epochStep] as number) + 1;
      after.values[stateWords.cursor] = cursor;
      if (isAccumulated) {
        after.values[stateWords.batchStart] = cursor;
        after.values[stateWords.epochSize] = Math.min(
          cursor + batch,
          state.values[stateWords.epochEnd] as number,
        );
      }
      return { state: after, ring: written };
    },
  };
