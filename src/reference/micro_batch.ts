/**
 * micro_batch/accumulate in float64:
 *   gradientSums + gradients · count / (epochSize − batchStart);  totalSums + totals;  cursor + microBatch.
 * If the cursor is at the start of the batch, the sums start from 0, whatever they contain.
 */
import { stateWords } from '../state_words.js';
import { type Arrays, map64 } from './array64.js';
import type { Reference } from './reference.js';

type Input = 'gradients' | 'totals' | 'state' | 'gradientSums' | 'totalSums';

const word = ({ state }: Arrays<Input>, name: keyof typeof stateWords): number =>
  state.values[stateWords[name]] as number;

/** The old sum, which the first micro-batch of a batch ignores, and the weight of what is added. */
export function accumulateTerms64(
  inputs: Arrays<Input>,
  { countPlace }: { readonly countPlace: number },
): { old: (sum: number) => number; share: number } {
  const samples = word(inputs, 'epochSize') - word(inputs, 'batchStart');
  return {
    old: (sum) => (word(inputs, 'cursor') === word(inputs, 'batchStart') ? 0 : sum),
    share: (inputs.totals.values[countPlace] as number) / Math.max(samples, 1),
  };
}

export const microBatchReference: Reference<
  Input,
  'gradientSums' | 'totalSums' | 'state',
  { readonly microBatch: number; readonly countPlace: number }
> = {
  op: 'micro_batch',
  forward: (inputs, { microBatch, countPlace }) => {
    const { gradients, totals, state, gradientSums, totalSums } = inputs;
    const { old, share } = accumulateTerms64(inputs, { countPlace });
    return {
      gradientSums: map64(gradientSums, (sum, i) => old(sum) + share * (gradients.values[i] as number)),
      totalSums: map64(totalSums, (sum, i) => old(sum) + (totals.values[i] as number)),
      state: map64(state, (value, i) => (i === stateWords.cursor ? value + microBatch : value)),
    };
  },
};
