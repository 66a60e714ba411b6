/** Checks of micro_batch/accumulate. */
import { type AccumulateAttributes, microBatchAccumulate } from '../../kernels/micro_batch.js';
import { stateSize, stateWords } from '../../kernels/step_state.js';
import { array64, map64 } from '../../reference/array64.js';
import { accumulateTerms64, microBatchReference } from '../../reference/micro_batch.js';
import { type Draw, drawSigned, wholeNumber } from '../draws.js';
import { opCheck } from '../op_check.js';

type Input = 'gradients' | 'totals' | 'state' | 'gradientSums' | 'totalSums';
type Changed = 'gradientSums' | 'totalSums' | 'state';

/** A micro-batch that starts at `cursor`, of a batch from `start` up to `end`. */
const stateAt =
  (start: number, cursor: number, end: number): Draw =>
  () => {
    const values = Float64Array.from({ length: stateSize }, (_, i) => 1000 + i);
    values[stateWords.batchStart] = start;
    values[stateWords.cursor] = cursor;
    values[stateWords.epochSize] = end;
    return array64([stateSize], values, 'u32');
  };

const totalsOf =
  (count: number): Draw =>
  (random) =>
    array64([4], [3 * random(), wholeNumber(random, 0, count), count, 0].map(Math.fround));

const shapes = (size: number): Record<Input, readonly number[]> => ({
  gradients: [size],
  totals: [4],
  state: [stateSize],
  gradientSums: [size],
  totalSums: [4],
});

export const microBatchCheck = opCheck<Input, Changed, AccumulateAttributes>({
  op: { name: 'micro_batch', primitives: [microBatchAccumulate] },
  reference: microBatchReference,
  inputs: {
    gradients: { draw: drawSigned },
    totals: { draw: totalsOf(8) },
    state: { dtype: 'u32', draw: stateAt(64, 72, 96) },
    gradientSums: { draw: drawSigned },
    totalSums: { draw: totalsOf(8) },
  },
  outputs: ['gradientSums', 'totalSums', 'state'],
  magnitudes: (inputs, _, options) => {
    const { old, share } = accumulateTerms64(inputs, options);
    const sums = map64(
      inputs.gradientSums,
      (sum, i) => Math.abs(old(sum)) + Math.abs(share * (inputs.gradients.values[i] as number)),
    );
    return { outputs: { gradientSums: sums }, gradients: {} };
  },
  roundings: { state: 0 },
  primitives: {
    'micro_batch/accumulate': ({ inputs, options, outputs }) => ({
      inputs,
      attributes: options,
      results: outputs,
    }),
  },
  cases: [
    {
      name: 'by hand',
      inputs: shapes(2),
      options: { microBatch: 3, countPlace: 2 },
      byHand: {
        // 3 of the 12 samples from 20 up to 32: a quarter of the gradients.
        inputs: {
          gradients: [4, -8],
          totals: [1.5, 2, 3, 0],
          state: [5, 77, 26, 32, 0, 0, 20, 99],
          gradientSums: [10, 20],
          totalSums: [3, 4, 6, 0],
        },
        outputs: {
          gradientSums: [11, 18],
          totalSums: [4.5, 6, 9, 0],
          state: [5, 77, 29, 32, 0, 0, 20, 99],
        },
      },
    },
    {
      name: 'more sums, the samples first, by hand',
      inputs: { ...shapes(1), totals: [6], totalSums: [6] },
      options: { microBatch: 3, countPlace: 0 },
      byHand: {
        inputs: {
          gradients: [4],
          totals: [3, 1, 2, 3, 4, 5],
          state: [5, 77, 26, 32, 0, 0, 20, 99],
          gradientSums: [10],
          totalSums: [6, 1, 1, 1, 1, 1],
        },
        outputs: {
          gradientSums: [11],
          totalSums: [9, 2, 3, 4, 5, 6],
          state: [5, 77, 29, 32, 0, 0, 20, 99],
        },
      },
    },
    {
      name: 'the first of a batch',
      inputs: shapes(67),
      options: { microBatch: 8, countPlace: 2 },
      draw: { state: stateAt(64, 64, 96) },
    },
    {
      name: 'the last, a partial one',
      inputs: shapes(63),
      options: { microBatch: 8, countPlace: 2 },
      draw: { state: stateAt(64, 88, 91), totals: totalsOf(3) },
    },
    {
      name: 'a micro-batch without samples',
      inputs: shapes(64),
      options: { microBatch: 8, countPlace: 2 },
      draw: { state: stateAt(64, 72, 70), totals: totalsOf(0) },
    },
    { name: 'many', inputs: shapes(70_001), options: { microBatch: 8, countPlace: 2 } },
  ],
  random: (random) => {
    const start = wholeNumber(random, 0, 9999);
    const before = wholeNumber(random, 0, 64);
    const count = wholeNumber(random, 1, 64);
    return {
      inputs: shapes(wholeNumber(random, 1, 9000)),
      options: { microBatch: count, countPlace: 2 },
      draw: { state: stateAt(start, start + before, start + before + count), totals: totalsOf(count) },
    };
  },
  bench: [{ name: 'all of paper', inputs: shapes(887_530), options: { microBatch: 8, countPlace: 2 } }],
  wrongCalls: [],
});
