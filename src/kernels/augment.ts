/**
 * Augmentation of a batch of images on the device: rotation, shift, zoom, flips, pad-and-crop, brightness, contrast,
 * random erasing. One small primitive draws the parameters of each image, another computes every pixel.
 */
import drawWgsl from '../../shaders/augment/draw.wgsl';
import forwardWgsl from '../../shaders/augment/forward.wgsl';
import pcg4dWgsl from '../../shaders/random/pcg4d.wgsl';
import { type AugmentOptions, checkAugmentOptions, fills } from '../augment_options.js';
import { ShapeError } from '../errors.js';
import { type Primitive, sizeOf } from '../engine/primitive.js';
import { runEagerly, runPrimitive } from '../engine/program.js';
import { registerShaders } from '../engine/shader.js';
import { Tensor, checkOperands, checkTensors, describe } from '../engine/tensor.js';
import { currentTrace } from '../engine/trace.js';
import { checkCall } from '../calls.js';
import { type Rules, seed as seedRule } from '../options.js';
import { streams } from '../random.js';
import { elementwisePrimitive, nonFinite } from './elementwise.js';
import { bytesTouched, baselineVariant, gridFor } from './grid.js';
import { stateSize, stateWords } from './step_state.js';
import { sum } from './sum.js';
import { stateWordsWgsl } from '../state_words.js';

registerShaders({
  'augment/draw': drawWgsl,
  'augment/forward': forwardWgsl,
  'random/pcg4d': pcg4dWgsl,
  'step_state/words': stateWordsWgsl(),
});

/** Offsets in a row of `transforms`; shaders repeat those that they read. */
const transformWords = {
  /** m0 … m5: the affine map from (y, x) of the result to its position in x, flips included. */
  matrix: 0,
  /** Offset of the crop below and to the right of the image. Units: whole pixels. */
  crop: 6,
  brightness: 8,
  contrast: 9,
  /** Top, left, height (0: no erasing) and width of the erased rectangle. */
  erase: 10,
  /** Keys the noise in an erased rectangle, in [0, 1). */
  noise: 14,
} as const;
export const transformSize = 16;

/** The values of black and white after scaling. */
export type ValueRange = readonly [black: number, white: number];

// ---- parameters of each image ----

export type DrawAttributes = {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  /** Radians. */
  readonly rotation: number;
  /** Pixels: down, across. */
  readonly shift: readonly number[];
  readonly zoom: readonly number[];
  readonly verticalFlip: boolean;
  readonly horizontalFlip: boolean;
  readonly crop: number;
  readonly brightness: number;
  readonly contrast: number;
  readonly erase: number;
  readonly eraseArea: readonly number[];
  readonly eraseAspect: number;
};

export const augmentDraw: Primitive<'permutation' | 'state', 'transforms', DrawAttributes> = {
  name: 'augment/draw',
  inputs: ['permutation', 'state'],
  outputs: ['transforms'],
  types: () => ({ permutation: 'u32', state: 'u32' }),
  shape: (_, { batch }) => ({ transforms: [batch, transformSize] }),
  cost: ({ attributes: { batch } }) => ({ flops: 0, bytes: batch * (4 + 4 * transformSize) }),
  variants: [
    baselineVariant(({ attributes, device }) => {
      const { batch, height, width, shift, zoom, eraseArea } = attributes;
      const { WORKGROUP, workgroups } = gridFor(batch, device);
      const constants = {
        BATCH: batch,
        HEIGHT: height,
        WIDTH: width,
        ROTATION: attributes.rotation,
        SHIFT_Y: shift[0]!,
        SHIFT_X: shift[1]!,
        ZOOM_LOW: zoom[0]!,
        ZOOM_HIGH: zoom[1]!,
        FLIP_Y: attributes.verticalFlip ? 1 : 0,
        FLIP_X: attributes.horizontalFlip ? 1 : 0,
        CROP: attributes.crop,
        BRIGHTNESS: attributes.brightness,
        CONTRAST: attributes.contrast,
        ERASE: attributes.erase,
        ERASE_AREA_LOW: eraseArea[0]!,
        ERASE_AREA_HIGH: eraseArea[1]!,
        ERASE_ASPECT: attributes.eraseAspect,
        AUGMENT_STREAM: streams.augment,
        ERASE_STREAM: streams.erase,
        WORKGROUP,
      };
      return { dispatches: [{ shader: 'augment/draw', constants, workgroups }] };
    }),
  ],
};

// ---- brightness and contrast ----

export type ColourAttributes = { readonly low: number; readonly high: number };

/** y = clamp(low + brightness · (mean + contrast · (x − mean) − low)); `sums` are those of the images' values. */
export const augmentColour: Primitive<
  'x' | 'transforms' | 'sums',
  'y',
  ColourAttributes & { readonly row: number }
> = elementwisePrimitive('augment/colour', ['x', 'transforms', 'sums'], {
  whole: ['transforms', 'sums'],
  helpers: nonFinite,
  expression: ({ x, transforms, sums }, { low, high, row }, index, scalar) => {
    const image = `(${index} / ${row}u)`;
    const word = (at: number): string => `${transforms}[${image} * ${transformSize}u + ${at}u]`;
    const mean = `${sums}[${image}] * ${scalar(1 / row)}`;
    const contrasted = `mix(${mean}, ${x}, ${word(transformWords.contrast)})`;
    const [black, white] = [scalar(low), scalar(high)];
    return `clamp_of(${black} + ${word(transformWords.brightness)} * (${contrasted} - ${black}), ${black}, ${white})`;
  },
});

// ---- every pixel ----

export type WarpAttributes = {
  readonly fill: (typeof fills)[number];
  readonly fillValue: number;
  readonly low: number;
  readonly high: number;
  readonly eraseValue: number;
  readonly eraseNoise: boolean;
};

export const augmentForward: Primitive<'x' | 'transforms', 'y', WarpAttributes> = {
  name: 'augment/forward',
  inputs: ['x', 'transforms'],
  outputs: ['y'],
  shape: ({ x }) => ({ y: x.shape }),
  // Four corners, three interpolations of two operations and six for the position.
  cost: (context) => ({ flops: 20 * sizeOf(context.inputs.x.shape), bytes: bytesTouched(context) }),
  variants: [
    baselineVariant(
      ({ inputs: { x }, attributes, device }) => {
        const [N, H, W, C] = x.shape as [number, number, number, number];
        const { workgroups, ...grid } = gridFor(N * H * W * C, device, { software: 16 });
        const constants = {
          N,
          H,
          W,
          C,
          FILL: fills.indexOf(attributes.fill),
          FILL_VALUE: attributes.fillValue,
          LOW: attributes.low,
          HIGH: attributes.high,
          ERASE_VALUE: attributes.eraseValue,
          ERASE_NOISE: attributes.eraseNoise ? 1 : 0,
          NOISE_STREAM: streams.noise,
          ...grid,
        };
        return { dispatches: [{ shader: 'augment/forward', constants, workgroups }] };
      },
      { hasEpilogue: true },
    ),
  ],
};

// ---- the op ----

/**
 * Augments a batch of images as Keras's ImageDataGenerator does, and more. Each epoch draws new parameters, which
 * depend only on the seed, the epoch and the image.
 *
 *   brightness, contrast → rotation · shift · zoom about the centre, bilinear → flips → pad-and-crop → erasing
 *
 * Shapes: x [N,H,W,C] → y [N,H,W,C]. The batch starts at the state's cursor in `permutation`; the entries key the
 * draws. Units: values from `range` black to white, 0 to 1 by default. Not differentiable: images are inputs.
 * Throws: ShapeError when x has not four axes; UsageError for options out of range.
 * Source: keras/src/legacy/preprocessing/image.py (semantics, with the axes that its documentation names: since 2020 its
 * code moves `height_shift_range` across, keras-team/keras#17398); Zhong et al. 2020 (random erasing).
 */
export function augmentBatch(
  operands: Readonly<Record<'x' | 'permutation' | 'state', Tensor>>,
  options: AugmentOptions,
  [low, high]: ValueRange = [0, 1],
): Tensor {
  checkOperands('augment', ['x', 'permutation', 'state'], operands);
  const { x, permutation, state } = operands;
  if (x.shape.length !== 4)
    throw new ShapeError(`augment: x is ${describe(x)}, expected four axes [N,H,W,C].`);
  checkAugmentOptions(options);
  const [batch, height, width] = x.shape as [number, number, number];
  const { brightness = 0, contrast = 0, erasing, zoom = 0, fill = 'nearest', fillValue = 0 } = options;
  const { transforms } = runPrimitive(
    augmentDraw,
    { permutation, state },
    {
      batch,
      height,
      width,
      rotation: ((options.rotation ?? 0) * Math.PI) / 180,
      shift: [(options.heightShift ?? 0) * height, (options.widthShift ?? 0) * width],
      zoom: typeof zoom === 'number' ? [1 - zoom, 1 + zoom] : [...zoom],
      verticalFlip: options.verticalFlip ?? false,
      horizontalFlip: options.horizontalFlip ?? false,
      crop: options.padAndCrop ?? 0,
      brightness,
      contrast,
      erase: erasing ? (erasing.probability ?? 0.5) : 0,
      eraseArea: [...(erasing?.area ?? [0.02, 0.4])],
      eraseAspect: erasing?.aspect ?? 0.3,
    },
  );
  let coloured = x;
  if (brightness > 0 || contrast > 0) {
    const sums = sum(x, { axis: [1, 2, 3] });
    const row = sizeOf(x.shape) / batch;
    coloured = runPrimitive(augmentColour, { x, transforms, sums }, { low, high, row }).y;
  }
  const value = (share: number): number => low + (high - low) * share;
  const erased = erasing?.value ?? 0;
  return runPrimitive(
    augmentForward,
    { x: coloured, transforms },
    {
      fill,
      fillValue: value(fillValue),
      low,
      high,
      eraseValue: erased === 'noise' ? low : value(erased),
      eraseNoise: erased === 'noise',
    },
  ).y;
}

export interface DrawOptions {
  readonly seed?: number;
  readonly epoch?: number;
}

const drawRules = (): Rules<DrawOptions> => ({ seed: seedRule, epoch: seedRule });

/**
 * Augments images outside training; see `augmentBatch`. The same seed and epoch give the images that training would
 * see for images 0 … N − 1.
 *
 * Shapes: x [N,H,W,C], values 0 … 1 → y [N,H,W,C].
 */
export function augment(x: Tensor, options: AugmentOptions, draw: DrawOptions = {}): Tensor {
  checkTensors('augment', { x });
  checkAugmentOptions(options);
  checkCall('augment', draw, drawRules);
  const { seed = 0, epoch = 0 } = draw;
  const count = x.shape[0] ?? 0;
  const words = new Uint32Array(stateSize);
  words[stateWords.seed] = seed;
  words[stateWords.epoch] = epoch;
  words[stateWords.epochSize] = count;
  const state = Tensor.from(words, [stateSize], x.device);
  const permutation = Tensor.from(
    Uint32Array.from({ length: count }, (_, i) => i),
    [count],
    x.device,
  );
  // A program that is being recorded keeps the tensors that it captures.
  if (currentTrace()) return augmentBatch({ x, permutation, state }, options);
  const attributes = { options: JSON.stringify(options) };
  try {
    return runEagerly({ name: 'augment' }, { x, permutation, state }, attributes, (operands) => ({
      y: augmentBatch(operands, options),
    })).y;
  } finally {
    state.dispose();
    permutation.dispose();
  }
}
