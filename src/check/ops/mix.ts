/** Checks of mix_images, mix_rows and mix_labels. */
import {
  mixImages,
  mixImagesForward,
  mixLabels,
  mixLabelsForward,
  mixRows,
  mixRowsForward,
  mixSize,
} from '../../kernels/mix.js';
import { stateSize } from '../../kernels/step_state.js';
import { fill64, map64 } from '../../reference/array64.js';
import {
  type MixImagesOptions,
  mixImagesReference,
  mixLabelsReference,
  mixRowsReference,
} from '../../reference/mix.js';
import { type Draw, drawSigned, wholeNumber } from '../draws.js';
import { opCheck } from '../op_check.js';
import { drawClasses, stateAt } from './batch_gather.js';

type Input = 'x' | 'other' | 'draws' | 'state';

/** Shares from 0 to 1, and boxes with whole pixels, some of them empty, some outside. */
const drawDraws: Draw = (random, shape) =>
  fill64(shape, (i) => (i % mixSize === 0 || i % mixSize === 5 ? random() : wholeNumber(random, -1, 9)));

const operands = (x: readonly number[], places: number): Readonly<Record<Input, readonly number[]>> => ({
  x,
  other: x,
  draws: [places, mixSize],
  state: [stateSize],
});

/** In calls that are refused for another reason. */
const integerState = { state: { shape: [stateSize], dtype: 'u32' } } as const;

const inputs = {
  x: { draw: drawSigned },
  other: { draw: drawSigned },
  draws: { draw: drawDraws },
  state: { dtype: 'u32', draw: stateAt(0, 2 ** 31) },
} as const;

/** A blend rounds in proportion to both operands. */
const magnitudes = ({
  x,
  other,
}: Readonly<Record<Input, { readonly values: Float64Array; readonly shape: readonly number[] }>>) => ({
  outputs: { y: map64(x as never, (value, i) => Math.abs(value) + Math.abs(other.values[i]!)) },
  gradients: {},
});

const imagesOf = ([, height, width, channels]: readonly number[]): MixImagesOptions => ({
  height: height!,
  width: width!,
  channels: channels!,
});

const image = (name: string, x: readonly number[], places: number, cursor = 0) => ({
  name,
  inputs: operands(x, places),
  options: imagesOf(x),
  draw: { state: stateAt(cursor, 2 ** 31) },
});

export const mixImagesCheck = opCheck<Input, 'y', MixImagesOptions>({
  op: { name: 'mix_images', primitives: [mixImagesForward] },
  reference: mixImagesReference,
  inputs,
  outputs: ['y'],
  magnitudes,
  call: (all) => ({ y: mixImages(all) }),
  primitives: {
    'mix_images/forward': ({ inputs: from, options, outputs }) => ({
      inputs: from,
      attributes: options,
      results: outputs,
    }),
  },
  cases: [
    {
      name: 'by hand',
      inputs: operands([2, 2, 2, 1], 3),
      options: { height: 2, width: 2, channels: 1 },
      byHand: {
        // The batch begins at place 1: half of both everywhere, then the right column of the other.
        inputs: {
          x: [1, 2, 3, 4, 5, 6, 7, 8],
          other: [10, 20, 30, 40, 50, 60, 70, 80],
          draws: [9, 9, 9, 9, 9, 9, 0.5, 0, 2, 0, 2, 0.5, 0, 0, 2, 1, 2, 0.5],
          state: [0, 0, 1, 9, 0, 0, 0, 0],
        },
        outputs: { y: [5.5, 11, 16.5, 22, 5, 60, 7, 80] },
      },
    },
    image('odd sizes', [3, 5, 7, 3], 4, 1),
    image('one pixel', [5, 1, 1, 1], 5),
    image('above a workgroup', [7, 9, 8, 2], 20, 13),
  ],
  random: (random) => {
    const x = [
      wholeNumber(random, 1, 5),
      wholeNumber(random, 1, 9),
      wholeNumber(random, 1, 9),
      wholeNumber(random, 1, 3),
    ];
    return image('random', x, 9, wholeNumber(random, 0, 4));
  },
  bench: [image('digits, batch 128', [128, 28, 28, 1], 128)],
  wrongCalls: [
    {
      name: 'another batch',
      inputs: { ...operands([2, 2, 2, 1], 2), ...integerState, other: [3, 2, 2, 1] },
      call: (all) => mixImages(all),
    },
    {
      name: 'draws of another length',
      inputs: { ...operands([2, 2, 2, 1], 2), ...integerState, draws: [2, 5] },
      call: (all) => mixImages(all),
    },
  ],
});

const rows = (name: string, x: readonly number[], places: number, cursor = 0) => ({
  name,
  inputs: operands(x, places),
  options: { perSample: x.slice(1).reduce((product, extent) => product * extent, 1) },
  draw: { state: stateAt(cursor, 2 ** 31) },
});

export const mixRowsCheck = opCheck<Input, 'y', { readonly perSample: number }>({
  op: { name: 'mix_rows', primitives: [mixRowsForward] },
  reference: mixRowsReference,
  inputs,
  outputs: ['y'],
  magnitudes,
  call: (all) => ({ y: mixRows(all) }),
  primitives: {
    'mix_rows/forward': ({ inputs: from, options, outputs }) => ({
      inputs: from,
      attributes: options,
      results: outputs,
    }),
  },
  cases: [
    {
      name: 'by hand',
      inputs: operands([2, 2], 3),
      options: { perSample: 2 },
      byHand: {
        inputs: {
          x: [1, 2, 3, 4],
          other: [10, 20, 30, 40],
          draws: [9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 0.5, 9, 9, 9, 9, 9, 0.25],
          state: [0, 0, 1, 9, 0, 0, 0, 0],
        },
        outputs: { y: [5.5, 11, 23.25, 31] },
      },
    },
    rows('numbers', [5], 7, 2),
    rows('odd sizes', [3, 5, 7], 3),
    rows('above a workgroup', [67, 3], 80, 11),
  ],
  random: (random) =>
    rows('random', [wholeNumber(random, 1, 40), wholeNumber(random, 1, 9)], 50, wholeNumber(random, 0, 9)),
  bench: [rows('classes of paper', [128, 10], 128)],
  wrongCalls: [
    {
      name: 'another batch',
      inputs: { ...operands([2, 3], 2), ...integerState, other: [3, 2] },
      call: (all) => mixRows(all),
    },
  ],
});

const none = {};

export const mixLabelsCheck = opCheck<Input, 'y', Readonly<Record<string, never>>>({
  op: { name: 'mix_labels', primitives: [mixLabelsForward] },
  reference: mixLabelsReference,
  inputs: { ...inputs, x: { dtype: 'u32', draw: drawClasses }, other: { dtype: 'u32', draw: drawClasses } },
  outputs: ['y'],
  roundings: { y: 0 },
  primitives: {
    'mix_labels/forward': ({ inputs: from, outputs }) => ({
      inputs: from,
      attributes: none,
      results: outputs,
    }),
  },
  cases: [
    {
      name: 'by hand',
      inputs: operands([3], 4),
      options: none,
      byHand: {
        inputs: {
          x: [1, 2, 0xffffffff],
          other: [4, 5, 0xffffffff],
          draws: [9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 0.5, 9, 9, 9, 9, 9, 0.25, 9, 9, 9, 9, 9, 1],
          state: [0, 0, 1, 9, 0, 0, 0, 0],
        },
        outputs: { y: [1, 5, 0xffffffff] },
      },
    },
    { name: 'one label', inputs: operands([1], 1), options: none },
    { name: 'a workgroup', inputs: operands([64], 64), options: none },
    {
      name: 'above a workgroup',
      inputs: operands([67], 90),
      options: none,
      draw: { state: stateAt(20, 2 ** 31) },
    },
  ],
  bench: [{ name: 'batch 128', inputs: operands([128], 128), options: none }],
  wrongCalls: [
    {
      name: 'labels not u32',
      inputs: { ...operands([2], 2), ...integerState },
      call: (all) => mixLabels(all),
    },
  ],
});
