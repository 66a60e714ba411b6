/** Checks of row_gather, with two buffers, which stand for any number. */
import { type RowGatherAttributes, rowGatherForward } from '../../kernels/row_gather.js';
import { stateSize } from '../../kernels/step_state.js';
import { fill64 } from '../../reference/array64.js';
import { rowGatherReference } from '../../reference/row_gather.js';
import { type Draw, type Shapes, drawSigned, wholeNumber } from '../draws.js';
import { opCheck } from '../op_check.js';
import { stateAt } from './batch_gather.js';

type Input = 'rows_0' | 'rows_1' | 'permutation' | 'state';

/** Entries of an epoch that may show each sample several times. */
const drawEntries: Draw = (random, shape) => {
  const [entries] = shape as [number];
  return fill64(shape, () => wholeNumber(random, 0, entries - 1), 'u32');
};

const set = (counts: readonly [number, number], row: readonly number[], rounds = 1): Shapes<Input> => ({
  rows_0: [counts[0], ...row],
  rows_1: [counts[1], ...row],
  permutation: [(counts[0] + counts[1]) * rounds],
  state: [stateSize],
});

export const rowGatherCheck = opCheck<Input, 'y', RowGatherAttributes>({
  // Represents the primitives for other numbers of buffers.
  op: { name: 'row_gather', primitives: [rowGatherForward(2)] },
  reference: rowGatherReference,
  inputs: {
    rows_0: { draw: drawSigned },
    rows_1: { draw: drawSigned },
    permutation: { dtype: 'u32', draw: drawEntries },
    state: { dtype: 'u32', draw: stateAt(0, 2 ** 31) },
  },
  outputs: ['y'],
  roundings: { y: 0 },
  primitives: {
    'row_gather/forward': ({ inputs, options, outputs }) => ({
      inputs,
      attributes: options,
      results: outputs,
    }),
  },
  cases: [
    {
      name: 'by hand',
      inputs: set([2, 1], [2], 2),
      options: { batch: 4 },
      byHand: {
        // Entry 5 of 3 rows is row 2, the second buffer's only one; entry 4 is row 1; then the epoch ends.
        inputs: {
          rows_0: [1, -2, 3, 4],
          rows_1: [5, -6],
          permutation: [5, 0, 4, 1, 2, 3],
          state: [0, 0, 0, 3, 0, 0, 0, 0],
        },
        outputs: { y: [5, -6, 1, -2, 3, 4, 0, 0] },
      },
    },
    { name: 'one value per sample', inputs: set([4, 3], []), options: { batch: 5 } },
    {
      name: 'the last batch is not full',
      inputs: set([4, 6], [5, 3, 1]),
      options: { batch: 8 },
      draw: { state: stateAt(7, 10) },
    },
    {
      name: 'past the end',
      inputs: set([1, 1], [3]),
      options: { batch: 3 },
      draw: { state: stateAt(6, 2) },
    },
    {
      name: 'each row five times',
      inputs: set([3, 4], [7], 5),
      options: { batch: 12 },
      draw: { state: stateAt(20, 35) },
    },
    { name: 'above a workgroup', inputs: set([20, 21], [129]), options: { batch: 17 } },
  ],
  bench: [{ name: 'floats of digits, batch 128', inputs: set([5000, 5000], [784]), options: { batch: 128 } }],
  wrongCalls: [],
});
