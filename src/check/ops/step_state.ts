/** Checks of step_state/end_step. */
import { type EndStepAttributes, endStepPrimitive, stateSize, stateWords } from '../../kernels/step_state.js';
import { fill64 } from '../../reference/array64.js';
import { stepStateReference } from '../../reference/step_state.js';
import { type Draw, drawSigned, wholeNumber } from '../draws.js';
import { opCheck } from '../op_check.js';

type Input = 'totals' | 'state' | 'ring';

const drawWords: Draw = (random, shape) => fill64(shape, () => wholeNumber(random, 0, 2 ** 32 - 1), 'u32');

/** The state before step `step`, whose batch starts at `cursor`. */
const stateAt =
  (step: number, cursor: number): Draw =>
  () => {
    const values = Float64Array.from({ length: stateSize }, (_, i) => 100 + i);
    values[stateWords.step] = step;
    values[stateWords.cursor] = cursor;
    return { shape: [stateSize], dtype: 'u32', values };
  };

/** The state after the micro-batches of a batch from `start`, in an epoch of `samples`. */
const accumulatedAt =
  (start: number, samples: number): Draw =>
  () => {
    const values = Float64Array.from({ length: stateSize }, (_, i) => 100 + i);
    values[stateWords.batchStart] = start;
    values[stateWords.epochEnd] = samples;
    return { shape: [stateSize], dtype: 'u32', values };
  };

const shapes = (ring: number): Record<Input, readonly number[]> => ({
  totals: [4],
  state: [stateSize],
  ring: [ring, 5],
});

export const stepStateCheck = opCheck<Input, 'state' | 'ring', EndStepAttributes>({
  op: { name: 'step_state', primitives: [endStepPrimitive] },
  reference: stepStateReference,
  inputs: {
    totals: { draw: drawSigned },
    state: { dtype: 'u32', draw: stateAt(0, 0) },
    ring: { dtype: 'u32', draw: drawWords },
  },
  outputs: ['state', 'ring'],
  roundings: { state: 0, ring: 0 },
  primitives: {
    'step_state/end_step': ({ inputs, options, outputs }) => ({
      inputs,
      attributes: options,
      results: outputs,
    }),
  },
  cases: [
    {
      name: 'by hand',
      inputs: shapes(2),
      options: { batch: 4, isAccumulated: false },
      byHand: {
        inputs: {
          totals: [2, 3, 4, 0],
          state: [5, 77, 0, 8, 3, 0, 0, 0],
          ring: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
        },
        outputs: {
          state: [6, 77, 4, 8, 4, 0, 0, 0],
          ring: [1, 2, 3, 4, 5, 0x40000000, 0x40400000, 0x40800000, 0, 5],
        },
      },
    },
    {
      name: 'a row longer than the totals, by hand',
      inputs: { totals: [1], state: [stateSize], ring: [2, 3] },
      options: { batch: 4, isAccumulated: false },
      byHand: {
        inputs: { totals: [2], state: [4, 77, 0, 8, 0, 0, 0, 0], ring: [1, 2, 3, 4, 5, 6] },
        outputs: { state: [5, 77, 4, 8, 1, 0, 0, 0], ring: [0x40000000, 2, 4, 4, 5, 6] },
      },
    },
    {
      name: 'the ring wraps around',
      inputs: shapes(8),
      options: { batch: 16, isAccumulated: false },
      draw: { state: stateAt(16, 32) },
    },
    {
      name: 'a long run',
      inputs: shapes(64),
      options: { batch: 128, isAccumulated: false },
      draw: { state: stateAt(70_001, 128 * 77) },
    },
    {
      name: 'in micro-batches, by hand',
      inputs: shapes(2),
      options: { batch: 4, isAccumulated: true },
      byHand: {
        // The cursor has moved by two micro-batches of 3; the epoch ends within the next batch.
        inputs: {
          totals: [2, 3, 4, 0],
          state: [5, 77, 10, 8, 1, 0, 4, 11],
          ring: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
        },
        outputs: {
          state: [6, 77, 8, 11, 2, 0, 8, 11],
          ring: [1, 2, 3, 4, 5, 0x40000000, 0x40400000, 0x40800000, 0, 5],
        },
      },
    },
    {
      name: 'in micro-batches, far from the end',
      inputs: shapes(64),
      options: { batch: 128, isAccumulated: true },
      draw: { state: accumulatedAt(128 * 70, 60_000) },
    },
  ],
  bench: [{ name: 'paper', inputs: shapes(64), options: { batch: 128, isAccumulated: false } }],
  wrongCalls: [],
});
