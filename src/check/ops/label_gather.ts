/** Checks of label_gather. */
import { type LabelGatherAttributes, labelGatherForward } from '../../kernels/label_gather.js';
import { stateSize } from '../../kernels/step_state.js';
import { fill64 } from '../../reference/array64.js';
import { labelGatherReference } from '../../reference/label_gather.js';
import { type Draw, type Shapes, wholeNumber } from '../draws.js';
import { opCheck } from '../op_check.js';
import { drawClasses, stateAt } from './batch_gather.js';

type Input = 'labels' | 'permutation' | 'state';

/** Entries of an epoch that may show each sample several times. */
const drawEntries: Draw = (random, shape) => {
  const [entries] = shape as [number];
  return fill64(shape, () => wholeNumber(random, 0, entries - 1), 'u32');
};

const set = (count: number, rounds = 1): Shapes<Input> => ({
  labels: [count],
  permutation: [count * rounds],
  state: [stateSize],
});

export const labelGatherCheck = opCheck<Input, 'y', LabelGatherAttributes>({
  op: { name: 'label_gather', primitives: [labelGatherForward] },
  reference: labelGatherReference,
  inputs: {
    labels: { dtype: 'u32', draw: drawClasses },
    permutation: { dtype: 'u32', draw: drawEntries },
    state: { dtype: 'u32', draw: stateAt(0, 2 ** 31) },
  },
  outputs: ['y'],
  roundings: { y: 0 },
  primitives: {
    'label_gather/forward': ({ inputs, options, outputs }) => ({
      inputs,
      attributes: options,
      results: outputs,
    }),
  },
  cases: [
    {
      name: 'by hand',
      inputs: set(3),
      options: { batch: 2 },
      byHand: {
        // The cursor stands at 2 of 3: entry 6 of 3 samples is sample 0; then the end of the epoch.
        inputs: { labels: [7, 8, 9], permutation: [2, 1, 6], state: [0, 0, 2, 3, 0, 0, 0, 0] },
        outputs: { y: [7, 0xffffffff] },
      },
    },
    {
      name: 'the last batch is not full',
      inputs: set(10),
      options: { batch: 8 },
      draw: { state: stateAt(7, 10) },
    },
    {
      name: 'each sample five times',
      inputs: set(7, 5),
      options: { batch: 12 },
      draw: { state: stateAt(20, 35) },
    },
    { name: 'above a workgroup', inputs: set(3000), options: { batch: 2100 } },
  ],
  bench: [{ name: 'digits, batch 128', inputs: set(10_000), options: { batch: 128 } }],
  wrongCalls: [],
});
