/** Checks of batch_gather_chunks, with two buffers, which stand for any number. */
import { batchGatherChunksForward } from '../../kernels/batch_gather_chunks.js';
import { stateSize } from '../../kernels/step_state.js';
import { fill64, map64 } from '../../reference/array64.js';
import type { GatherAttributes } from '../../reference/batch_gather.js';
import { batchGatherChunksReference } from '../../reference/batch_gather_chunks.js';
import { type Draw, type Shapes, wholeNumber } from '../draws.js';
import { type Case, opCheck } from '../op_check.js';
import { drawBytes, drawClasses, stateAt } from './batch_gather.js';

type Input = 'images_0' | 'images_1' | 'labels' | 'permutation' | 'state';

/** Any entry; with more entries than images, each image comes several times. */
const drawEntries: Draw = (random, shape) => {
  const [entries] = shape as [number];
  return fill64(shape, () => wholeNumber(random, 0, entries - 1), 'u32');
};

const set = (counts: readonly [number, number], image: readonly number[], rounds = 1): Shapes<Input> => ({
  images_0: [counts[0], ...image],
  images_1: [counts[1], ...image],
  labels: [counts[0] + counts[1]],
  permutation: [(counts[0] + counts[1]) * rounds],
  state: [stateSize],
});

type ChunksCase = Case<Input, 'x' | 'y', GatherAttributes>;

const bytes = { scale: 1 / 255, offset: 0 };

export const batchGatherChunksCheck = opCheck<Input, 'x' | 'y', GatherAttributes>({
  // Represents the primitives for other numbers of buffers.
  op: { name: 'batch_gather_chunks', primitives: [batchGatherChunksForward(2)] },
  reference: batchGatherChunksReference,
  inputs: {
    images_0: { dtype: 'u8', draw: drawBytes },
    images_1: { dtype: 'u8', draw: drawBytes },
    labels: { dtype: 'u32', draw: drawClasses },
    permutation: { dtype: 'u32', draw: drawEntries },
    state: { dtype: 'u32', draw: stateAt(0, 2 ** 31) },
  },
  outputs: ['x', 'y'],
  magnitudes: (_, __, options, outputs) => ({
    outputs: {
      x: map64(outputs.x, (value) => Math.abs(value) + 2 * Math.abs(options.offset)),
    },
    gradients: {},
  }),
  roundings: { y: 0 },
  primitives: {
    'batch_gather_chunks/forward': ({ inputs, options, outputs }) => ({
      inputs,
      attributes: options,
      results: outputs,
    }),
  },
  cases: [
    {
      name: 'by hand',
      inputs: set([2, 1], [1, 2, 1], 2),
      options: { batch: 4, scale: 0.5, offset: 1 },
      byHand: {
        // Entry 5 of 3 images is image 2, the second buffer's only one; entry 4 is image 1; then the epoch ends.
        inputs: {
          images_0: [10, 20, 30, 40],
          images_1: [50, 60],
          labels: [7, 8, 9],
          permutation: [5, 0, 4, 1, 2, 3],
          state: [0, 0, 0, 3, 0, 0, 0, 0],
        },
        outputs: { x: [26, 31, 6, 11, 16, 21, 0, 0], y: [9, 7, 8, 0xffffffff] },
      },
    },
    { name: 'rows of 9 bytes', inputs: set([5, 2], [3, 3, 1]), options: { batch: 6, ...bytes } },
    {
      name: 'the last batch is not full',
      inputs: set([4, 6], [5, 3, 1]),
      options: { batch: 8, scale: 1 / 255, offset: -0.5 },
      draw: { state: stateAt(7, 10) },
    },
    {
      name: 'past the end',
      inputs: set([1, 1], [2, 2, 1]),
      options: { batch: 3, ...bytes },
      draw: { state: stateAt(6, 2) },
    },
    {
      name: 'each image five times',
      inputs: set([3, 4], [4, 4, 3], 5),
      options: { batch: 12, ...bytes },
      draw: { state: stateAt(20, 35) },
    },
    { name: 'digits', inputs: set([20, 21], [28, 28, 1]), options: { batch: 17, ...bytes } },
  ] satisfies ChunksCase[],
  random: (random) => {
    const counts = [wholeNumber(random, 1, 20), wholeNumber(random, 1, 20)] as const;
    const image = [wholeNumber(random, 1, 9), wholeNumber(random, 1, 9), wholeNumber(random, 1, 3)];
    const count = counts[0] + counts[1];
    return {
      inputs: set(counts, image),
      options: { batch: wholeNumber(random, 1, 20), scale: random() / 99, offset: random() - 0.5 },
      draw: { state: stateAt(wholeNumber(random, 0, count - 1), count) },
    };
  },
  bench: [
    {
      name: 'digits in two buffers, batch 128',
      inputs: set([5000, 5000], [28, 28, 1]),
      options: { batch: 128, ...bytes },
    },
  ],
  wrongCalls: [],
});
