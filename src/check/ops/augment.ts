/**
 * Checks of augment: brightness and contrast, one affine map with its fill, flips, crop, erasing.
 *
 * Rounding must not decide between two results: crops and erased rectangles are integers, and constant fill and wrapping
 * jump at the image's edge. A case therefore uses the first seed whose draws stay clear of all of these.
 * Letters: N images of H × W pixels with C channels; (p, q) a pixel of the result.
 */
import type { AugmentOptions } from '../../augment_options.js';
import type { Shape, Spec } from '../../engine/primitive.js';
import {
  type ColourAttributes,
  type DrawAttributes,
  type ValueRange,
  augmentBatch,
  augmentColour,
  augmentDraw,
  augmentForward,
  transformSize,
} from '../../kernels/augment.js';
import { stateSize, stateWords } from '../../kernels/step_state.js';
import { type Array64, type Arrays, fill64, map64 } from '../../reference/array64.js';
import {
  type AugmentAttributes,
  type ImageTransform,
  augmentReference,
  colour64,
  coloured64,
  eachWarpedPixel,
  fillingOf,
  imageTransforms64,
  matrix64,
  means64,
  transforms64,
  warp64,
} from '../../reference/augment.js';
import { tolerance } from '../../rounding.js';
import { type Draw, type Shapes, oneOf, wholeNumber } from '../draws.js';
import { type Case, type Expected, opCheck } from '../op_check.js';

type Input = 'x' | 'permutation' | 'state';

/** Entries need not be indices of images: they only key the draws. */
const drawKeys: Draw = (_, shape) => fill64(shape, (i) => (i * 2_654_435_761 + 77) % 2 ** 32, 'u32');

// ---- draws ----

/** The size of the terms behind each number of the transform rows: 0 where it must be exact. */
function transformMagnitudes(all: readonly ImageTransform[], size: readonly number[]): Float64Array {
  const magnitude = new Float64Array(all.length * transformSize);
  all.forEach(({ shift, zoom, brightness, contrast }, n) => {
    const centre = [size[0]! / 2 - 0.5, size[1]! / 2 - 0.5];
    const arm = [0, 1].map((axis) => Math.abs(shift[axis]!) + zoom[axis]! * centre[axis]! + centre[axis]!);
    const offset = arm[0]! + arm[1]!;
    magnitude.set(
      [zoom[0], zoom[1], offset, zoom[0], zoom[1], offset, 0, 0, brightness, contrast],
      n * transformSize,
    );
  });
  return magnitude;
}

/**
 * The distance to the nearest discontinuity, in pixels: from a position to the edge of an image whose fill jumps there, or
 * from a number to the nearest integer. Images that nothing moves are exactly on the edge, which is exact in f32, too.
 */
function margin(
  all: readonly ImageTransform[],
  [H, W]: readonly number[],
  { augment: { fill } }: AugmentAttributes,
): number {
  let least = Math.min(...all.map((transform) => transform.margin));
  if (fill !== 'constant' && fill !== 'wrap') return least;
  for (const transform of all) {
    const rows = matrix64(transform, [H!, W!]);
    for (let p = 0; p < H!; p++)
      for (let q = 0; q < W!; q++)
        rows.forEach((row, axis) => {
          const at = row[0]! * (p + transform.crop[0]) + row[1]! * (q + transform.crop[1]) + row[2]!;
          const last = Math.max([H!, W!][axis]! - 1, 1);
          const beside = Math.abs(at - Math.round(at / last) * last);
          if (beside > 0) least = Math.min(least, beside);
        });
  }
  return least;
}

/** Positions are accurate to about 10⁻⁵ of a pixel in f32. */
const nearest = 1e-4;

interface Place {
  readonly cursor?: number;
  readonly epochSize?: number;
  readonly epoch?: number;
}

/** A state whose draws stay clear of discontinuities: the first such seed from `seed` on. */
function stateFor(
  x: readonly number[],
  options: AugmentAttributes,
  { cursor = 0, epochSize = 2 ** 31, epoch = 0 }: Place = {},
): Draw {
  return (random, _, all) => {
    const permutation = drawKeys(random, all['permutation']!, all);
    const state: Array64 = { shape: [stateSize], dtype: 'u32', values: new Float64Array(stateSize) };
    state.values[stateWords.seed] = wholeNumber(random, 0, 2 ** 31);
    state.values[stateWords.cursor] = cursor;
    state.values[stateWords.epochSize] = epochSize;
    state.values[stateWords.epoch] = epoch;
    while (margin(imageTransforms64({ permutation, state }, x, options), x.slice(1, 3), options) < nearest)
      state.values[stateWords.seed]!++;
    return state;
  };
}

// ---- results ----

/** How much of each value rounding may change. */
function warpMagnitudes(x: Array64, rows: Array64, attributes: AugmentAttributes): Float64Array {
  const [N, H, W, C] = x.shape as [number, number, number, number];
  const { fillValue, low, high, eraseValue, eraseNoise } = fillingOf(attributes);
  const bounds = Array.from({ length: N }, (_, n) => {
    const pixels = x.values.subarray(n * H * W * C, (n + 1) * H * W * C).filter(Number.isFinite);
    const [least, largest] = [Math.min(...pixels), Math.max(...pixels)];
    return {
      range: largest - least,
      most: Math.max(Math.abs(least), Math.abs(largest), Math.abs(fillValue)),
    };
  });
  const magnitude = new Float64Array(x.values.length);
  eachWarpedPixel(x, rows, ({ index, n, isErased, isOutside, terms: [row, column] }) => {
    const { range, most } = bounds[n]!;
    // A position off by some roundings of its terms, times a slope of at most the full range per pixel.
    const terms = [...row, ...column, 2 * H, 2 * W];
    if (isErased && eraseNoise) magnitude[index] = Math.abs(low) + Math.abs(high - low);
    else if (isErased || isOutside) magnitude[index] = Math.abs(isErased ? eraseValue : low);
    else magnitude[index] = most + range * terms.reduce((sum, term) => sum + Math.abs(term), 0);
  });
  return magnitude;
}

const drawAttributes = (
  { augment }: AugmentAttributes,
  [batch, height, width]: readonly number[],
): DrawAttributes => {
  const { rotation = 0, heightShift = 0, widthShift = 0, zoom = 0, erasing } = augment;
  return {
    batch: batch!,
    height: height!,
    width: width!,
    rotation: (rotation / 180) * Math.PI,
    shift: [heightShift * height!, widthShift * width!],
    zoom: typeof zoom === 'number' ? [1 - zoom, 1 + zoom] : zoom,
    verticalFlip: augment.verticalFlip ?? false,
    horizontalFlip: augment.horizontalFlip ?? false,
    crop: augment.padAndCrop ?? 0,
    brightness: augment.brightness ?? 0,
    contrast: augment.contrast ?? 0,
    erase: erasing ? (erasing.probability ?? 0.5) : 0,
    eraseArea: erasing?.area ?? [0.02, 0.4],
    eraseAspect: erasing?.aspect ?? 0.3,
  };
};

const rounded = (x: Array64): Array64 => map64(x, Math.fround);

/** The transform rows of a batch, as the device stores them. */
const rowsOf = (x: Array64, inputs: Arrays<Exclude<Input, 'x'>>, options: AugmentAttributes): Array64 =>
  rounded(transforms64(imageTransforms64(inputs, x.shape, options), x.shape.slice(1, 3)));

// ---- cases ----

type AugmentCase = Case<Input, 'y', AugmentAttributes>;

const shapesFor = (x: readonly number[], entries: number): Shapes<Input> => ({
  x,
  permutation: [entries],
  state: [stateSize],
});

const drawBetween =
  ([low, high]: ValueRange): Draw =>
  (random, shape) =>
    fill64(shape, () => Math.fround(low + (high - low) * random()));

const unit: ValueRange = [0, 1];

function augmented(
  name: string,
  x: readonly number[],
  augment: AugmentOptions,
  { range = unit, ...place }: Place & { readonly range?: ValueRange } = {},
): AugmentCase {
  const options = { augment, range };
  return {
    name,
    inputs: shapesFor(x, x[0]! + (place.cursor ?? 0)),
    options,
    draw: { x: drawBetween(range), state: stateFor(x, options, place) },
  };
}

const everything: AugmentOptions = {
  rotation: 30,
  widthShift: 0.2,
  heightShift: 0.15,
  zoom: 0.2,
  horizontalFlip: true,
  verticalFlip: true,
  padAndCrop: 1,
  brightness: 0.3,
  contrast: 0.4,
  erasing: { probability: 0.7, value: 'noise' },
};
/** Far outside the image on all sides. */
const far: AugmentOptions = { rotation: 180, widthShift: 1, heightShift: 1, zoom: [0.3, 3] };
const digits: AugmentOptions = { rotation: 10, widthShift: 0.1, heightShift: 0.1, zoom: 0.1 };

const nothing = [0, 0, 0, 9, 0, 0, 0, 0];

const wrongInputs = (x: readonly number[]): Record<Input, Shape | Spec> => ({
  x,
  permutation: { shape: [2], dtype: 'u32' },
  state: { shape: [stateSize], dtype: 'u32' },
});

const wrongOptions: readonly (readonly [name: string, options: AugmentOptions])[] = [
  ['rotation below 0', { rotation: -1 }],
  ['rotation above half a turn', { rotation: 181 }],
  ['shift in pixels', { widthShift: 3 }],
  ['shift not a number', { heightShift: NaN }],
  ['zoom of 1', { zoom: 1 }],
  ['zoom from 0', { zoom: [0, 2] }],
  ['reversed zoom range', { zoom: [1.2, 0.8] }],
  ['infinite zoom', { zoom: [1, Infinity] }],
  ['fill unknown', { fill: 'mirror' as 'reflect' }],
  ['fill value out of range', { fillValue: 255 }],
  ['half a pixel of padding', { padAndCrop: 0.5 }],
  ['too much padding', { padAndCrop: 2 ** 31 }],
  ['brightness above 1', { brightness: 1.5 }],
  ['contrast below 0', { contrast: -0.5 }],
  ['erasing with probability 2', { erasing: { probability: 2 } }],
  ['reversed range of erased areas', { erasing: { area: [0.5, 0.1] } }],
  ['erased aspect above 1', { erasing: { aspect: 3 } }],
  ['erased lines', { erasing: { aspect: 1e-40 } }],
  ['erasing value out of range', { erasing: { value: 128 } }],
  ['unknown erasing value', { erasing: { value: 'random' as 'noise' } }],
];

export const augmentCheck = opCheck<Input, 'y', AugmentAttributes>({
  op: { name: 'augment', primitives: [augmentDraw, augmentColour, augmentForward] },
  reference: augmentReference,
  inputs: {
    x: { draw: drawBetween(unit) },
    permutation: { dtype: 'u32', draw: drawKeys },
    state: {
      dtype: 'u32',
      draw: () => ({ shape: [stateSize], dtype: 'u32', values: Float64Array.from(nothing) }),
    },
  },
  outputs: ['y'],
  magnitudes: ({ x, ...inputs }, _, options) => {
    const all = imageTransforms64(inputs, x.shape, options);
    const rows = transforms64(all, x.shape.slice(1, 3));
    const values = warpMagnitudes(coloured64(x, all, options), rows, options);
    return { outputs: { y: { ...x, values } }, gradients: {} };
  },
  // A mean of neighbours or with the image's mean, in which infinities meet weights of 0 or each other.
  mayBeNaN: ({ x }) => ({ y: () => !x.values.every(Number.isFinite) }),
  // The mean that contrast preserves is a sum over the image.
  terms: ({ x }) => ({ y: x.slice(1).reduce((size, extent) => size * extent, 1) }),
  // 24 of sine, cosine and the matrix, 12 of the position and the mean of four pixels, 12 of the colours.
  roundings: { y: 48 },
  call: (inputs, { augment, range }) => ({ y: augmentBatch(inputs, augment, range) }),
  primitives: {
    'augment/draw': ({ inputs, options }) => {
      const size = inputs.x.shape.slice(1, 3);
      const all = imageTransforms64(inputs, inputs.x.shape, options);
      // Sine and cosine are accurate to 10⁻⁶ = 16 roundings.
      const transforms = {
        value: transforms64(all, size),
        magnitude: transformMagnitudes(all, size),
        tolerance: tolerance(0, 24),
      };
      return {
        inputs: { permutation: inputs.permutation, state: inputs.state },
        attributes: drawAttributes(options, inputs.x.shape),
        results: { transforms },
      };
    },
    'augment/colour': ({ inputs: { x, ...inputs }, options, outputs }) => {
      const [low, high] = options.range;
      const row = x.values.length / x.shape[0]!;
      const rows = rowsOf(x, inputs, options);
      const factors = Array.from({ length: x.shape[0]! }, (_, n) => ({
        brightness: rows.values[n * transformSize + 8]!,
        contrast: rows.values[n * transformSize + 9]!,
      }));
      const means = means64(x);
      const magnitude = x.values.map((value, i) => {
        const { brightness, contrast } = factors[Math.floor(i / row)]!;
        const mean = Math.abs(means[Math.floor(i / row)]!);
        const contrasted = mean * (1 + contrast) + contrast * Math.abs(value);
        return Math.abs(low) + brightness * (contrasted + Math.abs(low));
      });
      const y: Expected = {
        ...outputs.y,
        value: colour64(x, factors, { low, high }),
        magnitude,
        tolerance: tolerance(1, 4),
      };
      const attributes: ColourAttributes & { readonly row: number } = { low, high, row };
      const sums = rounded(fill64([x.shape[0]!], (n) => means[n]! * row));
      return { inputs: { x, transforms: rows, sums }, attributes, results: { y } };
    },
    'augment/forward': ({ inputs: { x, ...inputs }, options, outputs }) => {
      const transforms = rowsOf(x, inputs, options);
      const y: Expected = {
        ...outputs.y,
        value: warp64(x, transforms, options),
        magnitude: warpMagnitudes(x, transforms, options),
        tolerance: tolerance(1, 8),
      };
      return { inputs: { x, transforms }, attributes: { ...fillingOf(options) }, results: { y } };
    },
  },
  cases: [
    {
      name: 'by hand, twice as large',
      inputs: shapesFor([1, 3, 3, 1], 1),
      options: { augment: { zoom: [0.5, 0.5] }, range: unit },
      byHand: {
        inputs: { x: [1, 2, 3, 4, 5, 6, 7, 8, 9], permutation: [0], state: nothing },
        outputs: { y: [3, 3.5, 4, 4.5, 5, 5.5, 6, 6.5, 7] },
      },
    },
    {
      name: 'by hand, half as large',
      inputs: shapesFor([1, 3, 3, 1], 1),
      options: { augment: { zoom: [2, 2], fill: 'constant', fillValue: 0.25 }, range: [2, 4] },
      byHand: {
        inputs: { x: [1, 2, 3, 4, 5, 6, 7, 8, 9], permutation: [0], state: nothing },
        outputs: { y: [2.5, 2.5, 2.5, 2.5, 5, 2.5, 2.5, 2.5, 2.5] },
      },
    },
    augmented('everything', [5, 7, 9, 3], everything),
    augmented('everything, another epoch and range', [4, 9, 6, 1], everything, {
      range: [-1, 2],
      epoch: 70_001,
    }),
    augmented('nothing', [3, 5, 4, 2], {}),
    augmented('nothing, constant', [3, 5, 4, 2], { fill: 'constant', fillValue: 1 }),
    augmented('far, nearest', [5, 8, 5, 2], far),
    augmented('far, constant', [5, 8, 5, 2], { ...far, fill: 'constant', fillValue: 0.75 }),
    augmented('far, reflect', [5, 8, 5, 2], { ...far, fill: 'reflect' }),
    augmented('far, wrap', [5, 8, 5, 2], { ...far, fill: 'wrap' }),
    augmented('flips, constant', [6, 4, 7, 1], {
      horizontalFlip: true,
      verticalFlip: true,
      fill: 'constant',
      fillValue: 0.5,
    }),
    ...(['nearest', 'constant', 'reflect', 'wrap'] as const).map((fill) =>
      augmented(`one pixel, ${fill}`, [4, 1, 1, 2], { ...everything, fill, erasing: {} }),
    ),
    augmented('one row', [5, 1, 9, 1], { ...everything, fill: 'reflect' }),
    augmented('one column', [5, 9, 1, 1], { ...everything, fill: 'wrap' }),
    augmented('crop offsets larger than the image', [9, 5, 7, 1], { padAndCrop: 9 }, { range: [-0.5, 1] }),
    augmented('erasing with white', [9, 11, 6, 3], { erasing: { probability: 1, value: 1 } }),
    augmented('erasing, all sizes', [9, 6, 11, 1], {
      erasing: { probability: 0.9, area: [0, 1], aspect: 1, value: 'noise' },
    }),
    augmented('brightness', [7, 5, 6, 3], { brightness: 1 }, { range: [0.25, 1.5] }),
    augmented('contrast', [7, 5, 6, 3], { contrast: 1 }, { range: [-1, 1] }),
    augmented('past the end of the epoch', [6, 4, 4, 1], everything, { cursor: 4, epochSize: 7 }),
    augmented('one image below a workgroup', [63, 2, 3, 1], digits),
    augmented('one image above a workgroup', [65, 2, 3, 1], digits),
    // On a software device 2,048 elements fill 16 workgroups of 8 lanes with 16 elements each.
    augmented('one element below 16 workgroups', [1, 23, 89, 1], digits),
    augmented('16 workgroups', [2, 32, 32, 1], digits),
    augmented('one element above 16 workgroups', [1, 3, 683, 1], digits),
    augmented('digits', [3, 28, 28, 1], { ...digits, fill: 'constant' }),
  ],
  random: (random) => {
    const x = [
      wholeNumber(random, 1, 12),
      wholeNumber(random, 1, 12),
      wholeNumber(random, 1, 12),
      wholeNumber(random, 1, 4),
    ];
    const augment: AugmentOptions = {
      rotation: 180 * random(),
      widthShift: random(),
      heightShift: random(),
      zoom: random() / 2,
      horizontalFlip: random() < 0.5,
      verticalFlip: random() < 0.5,
      fill: oneOf(random, ['nearest', 'constant', 'reflect', 'wrap']),
      fillValue: random(),
      padAndCrop: wholeNumber(random, 0, 2),
      brightness: random(),
      contrast: random(),
      erasing: { probability: random(), value: oneOf(random, [0, 1, 'noise']) },
    };
    const { inputs, options, draw } = augmented('', x, augment, { cursor: wholeNumber(random, 0, 9) });
    return { inputs, options, ...(draw ? { draw } : {}) };
  },
  bench: [
    {
      name: 'digits, corrected',
      inputs: shapesFor([128, 28, 28, 1], 128),
      options: { augment: digits, range: unit },
    },
    {
      name: 'digits, everything',
      inputs: shapesFor([128, 28, 28, 1], 128),
      options: { augment: everything, range: unit },
    },
    {
      name: 'colour 64×64, everything',
      inputs: shapesFor([32, 64, 64, 3], 32),
      options: { augment: everything, range: unit },
    },
  ],
  wrongCalls: [
    { name: 'three axes', inputs: wrongInputs([28, 28, 1]), call: (inputs) => augmentBatch(inputs, {}) },
    {
      name: 'bytes',
      inputs: { ...wrongInputs([2, 4, 4, 1]), x: { shape: [2, 4, 4, 1], dtype: 'u8' } },
      call: (inputs) => augmentBatch(inputs, {}),
    },
    {
      name: 'keys not u32',
      inputs: { ...wrongInputs([2, 4, 4, 1]), permutation: [2] },
      call: (inputs) => augmentBatch(inputs, {}),
    },
    ...wrongOptions.map(([name, options]) => ({
      name,
      inputs: wrongInputs([2, 4, 4, 1]),
      call: (inputs: Parameters<typeof augmentBatch>[0]) => augmentBatch(inputs, options),
    })),
  ],
});
