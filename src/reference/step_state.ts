/**
 * Reference of step_state/end_step, in integers:
 *   ring[step mod length] = (bits of three totals, step);  step + 1;  epoch step + 1;  cursor + batch.
 * Of a batch taken in micro-batches: the start of the next one, its end or the epoch's, the cursor at its start.
 */
import { type EndStepAttributes, stateSize, stateWords } from '../kernels/step_state.js';
import { type Array64, type Draw, drawSigned, fill64, reference, wholeNumber } from './reference.js';
import { bitsOf } from './rmsprop.js';

type Input = 'totals' | 'state' | 'ring';

const drawWords: Draw = (random, shape) => fill64(shape, () => wholeNumber(random, 0, 2 ** 32 - 1), 'u32');

/** The state before step `step`, whose batch begins at `cursor`. */
const stateAt =
  (step: number, cursor: number): Draw =>
  () => {
    const values = Float64Array.from({ length: stateSize }, (_, i) => 100 + i);
    values[stateWords.step] = step;
    values[stateWords.cursor] = cursor;
    return { shape: [stateSize], dtype: 'u32', values };
  };

/** The state behind the micro-batches of a batch from `start`, in an epoch of `samples`. */
const accumulatedAt =
  (start: number, samples: number): Draw =>
  () => {
    const values = Float64Array.from({ length: stateSize }, (_, i) => 100 + i);
    values[stateWords.batchStart] = start;
    values[stateWords.epochEnd] = samples;
    return { shape: [stateSize], dtype: 'u32', values };
  };

function endStep64(
  totals: Array64,
  state: Array64,
  ring: Array64,
  { batch, isAccumulated }: EndStepAttributes,
): Record<'state' | 'ring', Array64> {
  const after = { ...state, values: state.values.slice() };
  const written = { ...ring, values: ring.values.slice() };
  const step = state.values[stateWords.step] as number;
  const row = (step % (ring.shape[0] as number)) * 4;
  for (let i = 0; i < 3; i++) written.values[row + i] = bitsOf(totals.values[i] as number);
  written.values[row + 3] = step;
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
}

const shapes = (ring: number): Record<Input, readonly number[]> => ({
  totals: [4],
  state: [stateSize],
  ring: [ring, 4],
});

export const stepStateReference = reference<Input, 'state' | 'ring', EndStepAttributes>({
  op: 'step_state',
  inputs: {
    totals: { draw: drawSigned },
    state: { dtype: 'u32', draw: stateAt(0, 0) },
    ring: { dtype: 'u32', draw: drawWords },
  },
  outputs: ['state', 'ring'],
  forward: ({ totals, state, ring }, options) => endStep64(totals, state, ring, options),
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
          ring: [1, 2, 3, 4, 5, 6, 7, 8],
        },
        outputs: {
          state: [6, 77, 4, 8, 4, 0, 0, 0],
          ring: [1, 2, 3, 4, 0x40000000, 0x40400000, 0x40800000, 5],
        },
      },
    },
    {
      name: 'the ring begins again',
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
          ring: [1, 2, 3, 4, 5, 6, 7, 8],
        },
        outputs: {
          state: [6, 77, 8, 11, 2, 0, 8, 11],
          ring: [1, 2, 3, 4, 0x40000000, 0x40400000, 0x40800000, 5],
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
