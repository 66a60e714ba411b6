/** Checks of batch_gather. */
import { batchGatherForward } from '../../kernels/batch_gather.js';
import { stateSize, stateWords } from '../../kernels/step_state.js';
import { fill64, map64 } from '../../reference/array64.js';
import { type GatherAttributes, batchGatherReference, gather64 } from '../../reference/batch_gather.js';
import { type Draw, type Shapes, wholeNumber } from '../draws.js';
import { type Case, opCheck } from '../op_check.js';

type Input = 'images' | 'labels' | 'permutation' | 'state';

export const drawBytes: Draw = (random, shape) => fill64(shape, () => wholeNumber(random, 0, 255), 'u8');
export const drawClasses: Draw = (random, shape) => fill64(shape, () => wholeNumber(random, 0, 9), 'u32');
const drawPlaces: Draw = (random, shape, all) => {
  const [count] = all['images'] as [number];
  return fill64(shape, () => wholeNumber(random, 0, count - 1), 'u32');
};
/** Entries of an epoch that shows each image several times, the last of them with the largest indices. */
const drawRounds: Draw = (random, shape, all) => {
  const [count] = all['images'] as [number];
  const [entries] = shape as [number];
  return fill64(
    shape,
    (i) => (i === entries - 1 ? entries - 1 : wholeNumber(random, count, entries - 1)),
    'u32',
  );
};

/** The state of a step whose batch starts at `cursor` in an epoch of `epochSize` samples. */
export const stateAt =
  (cursor: number, epochSize: number): Draw =>
  () => {
    const values = new Float64Array(stateSize);
    values[stateWords.cursor] = cursor;
    values[stateWords.epochSize] = epochSize;
    return { shape: [stateSize], dtype: 'u32', values };
  };

const set = (count: number, image: readonly number[], rounds = 1): Shapes<Input> => ({
  images: [count, ...image],
  labels: [count],
  permutation: [count * rounds],
  state: [stateSize],
});

type GatherCase = Case<Input, 'x' | 'y', GatherAttributes>;

const bytes = { scale: 1 / 255, offset: 0 };

export const batchGatherCheck = opCheck<Input, 'x' | 'y', GatherAttributes>({
  op: { name: 'batch_gather', primitives: [batchGatherForward] },
  reference: batchGatherReference,
  inputs: {
    images: { dtype: 'u8', draw: drawBytes },
    labels: { dtype: 'u32', draw: drawClasses },
    permutation: { dtype: 'u32', draw: drawPlaces },
    state: { dtype: 'u32', draw: stateAt(0, 2 ** 31) },
  },
  outputs: ['x', 'y'],
  magnitudes: (inputs, _, options) => {
    const { x } = gather64(inputs, options);
    return {
      outputs: { x: map64(x, (value) => Math.abs(value) + 2 * Math.abs(options.offset)) },
      gradients: {},
    };
  },
  roundings: { y: 0 },
  primitives: {
    'batch_gather/forward': ({ inputs, options, outputs }) => ({
      inputs,
      attributes: options,
      results: outputs,
    }),
  },
  cases: [
    {
      name: 'by hand',
      inputs: { images: [3, 1, 2, 1], labels: [3], permutation: [3], state: [stateSize] },
      options: { batch: 2, scale: 0.5, offset: 1 },
      byHand: {
        // The cursor is at 2 of 3: entry 6 of 3 images is sample 0; then the epoch ends.
        inputs: {
          images: [10, 20, 30, 40, 50, 60],
          labels: [7, 8, 9],
          permutation: [2, 1, 6],
          state: [0, 0, 2, 3, 0, 0, 0, 0],
        },
        outputs: { x: [6, 11, 0, 0], y: [7, 0xffffffff] },
      },
    },
    { name: 'rows of 9 bytes', inputs: set(7, [3, 3, 1]), options: { batch: 5, ...bytes } },
    {
      name: 'the last batch is not full',
      inputs: set(10, [5, 3, 1]),
      options: { batch: 8, scale: 1 / 255, offset: -0.5 },
      draw: { state: stateAt(7, 10) },
    },
    {
      name: 'an epoch shorter than the set',
      inputs: set(20, [4, 4, 3]),
      options: { batch: 8, scale: 2 / 255, offset: -1 },
      draw: { state: stateAt(4, 9) },
    },
    {
      name: 'past the end',
      inputs: set(5, [2, 2, 1]),
      options: { batch: 3, ...bytes },
      draw: { state: stateAt(6, 5) },
    },
    {
      name: 'each image five times',
      inputs: set(7, [3, 5, 1], 5),
      options: { batch: 12, ...bytes },
      draw: { permutation: drawRounds, state: stateAt(25, 35) },
    },
    {
      name: 'one image, over and over',
      inputs: set(1, [2, 3, 1], 9),
      options: { batch: 9, ...bytes },
      draw: { permutation: drawRounds, state: stateAt(0, 9) },
    },
    { name: 'digits', inputs: set(40, [28, 28, 1]), options: { batch: 17, ...bytes } },
  ] satisfies GatherCase[],
  random: (random) => {
    const count = wholeNumber(random, 1, 40);
    const image = [wholeNumber(random, 1, 9), wholeNumber(random, 1, 9), wholeNumber(random, 1, 3)];
    return {
      inputs: set(count, image),
      options: { batch: wholeNumber(random, 1, 20), scale: random() / 99, offset: random() - 0.5 },
      draw: { state: stateAt(wholeNumber(random, 0, count - 1), count) },
    };
  },
  bench: [{ name: 'digits, batch 128', inputs: set(10_000, [28, 28, 1]), options: { batch: 128, ...bytes } }],
  wrongCalls: [],
});
