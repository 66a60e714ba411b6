/**
 * augment in float64, after Keras and SciPy: the parameters drawn for an image, the resulting matrix, and the value of each
 * pixel. Brightness and contrast come first, then one affine map with its fill, flips, crop and erasing.
 * Letters: N images of H × W pixels with C channels; (p, q) a pixel of the result.
 */
import type { AugmentOptions } from '../augment_options.js';
import { pcg4d, streams, uniform } from '../random.js';
import { stateWords } from '../state_words.js';
import { type Array64, type Arrays, fill64, zeros64 } from './array64.js';
import type { Reference } from './reference.js';

type Input = 'x' | 'permutation' | 'state';

export interface AugmentAttributes {
  readonly augment: AugmentOptions;
  /** The values of black and white. */
  readonly range: readonly [black: number, white: number];
}

interface Range {
  readonly low: number;
  readonly high: number;
}

type Fill = NonNullable<AugmentOptions['fill']>;

/** Numbers per row of transforms; the device pads rows to this length. */
export const transformSize = 16;

// ---- draws ----

/** The transform of one image; pairs are (down, across). */
export interface ImageTransform {
  /** Radians. */
  readonly angle: number;
  readonly shift: readonly [number, number];
  readonly zoom: readonly [number, number];
  readonly isFlipped: readonly [boolean, boolean];
  readonly crop: readonly [number, number];
  readonly brightness: number;
  readonly contrast: number;
  /** Top, left, height, width; height 0 means no erasing. */
  readonly erased: readonly [number, number, number, number];
  readonly noise: number;
  /** The smallest distance of a drawn number from a rounding boundary: below 10⁻⁵, rounding may decide. */
  readonly margin: number;
}

/** The key of an image's draws. */
interface Keys {
  readonly seed: number;
  readonly epoch: number;
  /** The image's entry in the permutation. */
  readonly key: number;
}

/** The numbers of a stream, in the order drawn. */
function numbers(stream: number, rounds: number, { seed, epoch, key }: Keys): number[] {
  return Array.from({ length: rounds }, (_, round) =>
    pcg4d(seed, stream | (round << 24), epoch, key).map(uniform),
  ).flat();
}

function imageTransform64(options: AugmentOptions, [H, W]: readonly number[], keys: Keys): ImageTransform {
  const u = numbers(streams.augment, 3, keys);
  const e = numbers(streams.erase, 2, keys);
  const { zoom = 0, erasing } = options;
  const [zoomLow, zoomHigh] = typeof zoom === 'number' ? [1 - zoom, 1 + zoom] : zoom;
  const symmetric = (i: number, most = 0): number => (2 * u[i]! - 1) * most;
  const between = (number: number, low: number, high: number): number => low + number * (high - low);
  let margin = 1;
  const whole = (value: number): number => {
    margin = Math.min(margin, Math.abs(value - Math.round(value)));
    return Math.floor(value);
  };
  const padding = options.padAndCrop ?? 0;
  const crop = (i: number): number => (padding > 0 ? whole(u[i]! * (2 * padding + 1)) - padding : 0);
  const angle = (symmetric(0, options.rotation) * Math.PI) / 180;
  const transform = {
    angle,
    shift: [symmetric(1, options.heightShift) * H!, symmetric(2, options.widthShift) * W!],
    zoom: [between(u[3]!, zoomLow, zoomHigh), between(u[4]!, zoomLow, zoomHigh)],
    isFlipped: [Boolean(options.verticalFlip) && u[5]! < 0.5, Boolean(options.horizontalFlip) && u[6]! < 0.5],
    crop: [crop(7), crop(8)],
    brightness: 1 + symmetric(9, options.brightness),
    contrast: 1 + symmetric(10, options.contrast),
    noise: e[5]!,
  } as const;
  // Zhong et al. 2020: an area and an aspect ratio determine the sides; here a side is at most that of the image.
  const { probability = 0.5, area: [least, most] = [0.02, 0.4], aspect: flattest = 0.3 } = erasing ?? {};
  const area = between(e[1]!, least, most) * H! * W!;
  const aspect = between(e[2]!, flattest, 1 / flattest);
  const isErased = erasing !== undefined && e[0]! < Math.fround(probability);
  const height = Math.min(H!, whole(Math.sqrt(area * aspect) + 0.5));
  const width = Math.min(W!, whole(Math.sqrt(area / aspect) + 0.5));
  const [top, left] = [whole(e[3]! * (H! - height + 1)), whole(e[4]! * (W! - width + 1))];
  return { ...transform, erased: [top, left, isErased ? height : 0, width], margin };
}

function keysOf({ permutation, state }: Arrays<Exclude<Input, 'x'>>, n: number): Keys {
  const word = (at: number): number => state.values[at]!;
  // Past the end of the epoch the last entry is used.
  const place = Math.min(word(stateWords.cursor) + n, word(stateWords.epochSize) - 1);
  return { seed: word(stateWords.seed), epoch: word(stateWords.epoch), key: permutation.values[place]! };
}

/** The transform of each image of a batch with this shape. */
export function imageTransforms64(
  inputs: Arrays<Exclude<Input, 'x'>>,
  shape: readonly number[],
  { augment }: AugmentAttributes,
): ImageTransform[] {
  return Array.from({ length: shape[0]! }, (_, n) =>
    imageTransform64(augment, shape.slice(1, 3), keysOf(inputs, n)),
  );
}

type Matrix = readonly (readonly number[])[];

function product(a: Matrix, b: Matrix): Matrix {
  return a.map((row) => b[0]!.map((_, j) => row.reduce((sum, value, k) => sum + value * b[k]![j]!, 0)));
}

const translation = (down: number, across: number): Matrix => [
  [1, 0, down],
  [0, 1, across],
  [0, 0, 1],
];
const scaling = (down: number, across: number): Matrix => [
  [down, 0, 0],
  [0, across, 0],
  [0, 0, 1],
];

/** Centre · rotation · shift · zoom · flip · centre⁻¹: two rows that map a pixel of the result to a position in x. */
export function matrix64(
  { angle, shift, zoom, isFlipped }: Pick<ImageTransform, 'angle' | 'shift' | 'zoom' | 'isFlipped'>,
  [H, W]: readonly number[],
): Matrix {
  const [down, across] = [H! / 2 - 0.5, W! / 2 - 0.5];
  const [sine, cosine] = [Math.sin(angle), Math.cos(angle)];
  const rotation = [
    [cosine, -sine, 0],
    [sine, cosine, 0],
    [0, 0, 1],
  ];
  return [
    translation(down, across),
    rotation,
    translation(...shift),
    scaling(...zoom),
    scaling(isFlipped[0] ? -1 : 1, isFlipped[1] ? -1 : 1),
    translation(-down, -across),
  ]
    .reduce(product)
    .slice(0, 2);
}

/** A row per image: matrix, crop, brightness, contrast, erased rectangle, noise. */
export function transforms64(all: readonly ImageTransform[], size: readonly number[]): Array64 {
  const rows = zeros64([all.length, transformSize]);
  all.forEach((transform, n) => {
    const { crop, brightness, contrast, erased, noise } = transform;
    const [down, across] = matrix64(transform, size);
    rows.values.set(
      [...down!, ...across!, ...crop, brightness, contrast, ...erased, noise],
      n * transformSize,
    );
  });
  return rows;
}

// ---- results ----

/** The position at which SciPy reads for position `at` on an axis of n pixels; undefined if `constant` fills it. */
function inside(at: number, n: number, fill: Fill): number | undefined {
  const last = n - 1;
  if (at >= 0 && at <= last) return at;
  // Mirrors are at the outer edges of the first and last pixels, half a pixel beyond their centres.
  const isOnEdge = at >= -0.5 && at <= last + 0.5;
  if (fill === 'reflect') return isOnEdge ? at : inside(at < 0 ? -1 - at : 2 * n - 1 - at, n, fill);
  if (fill === 'wrap') return n === 1 ? 0 : inside(at < 0 ? at + last : at - last, n, fill);
  return fill === 'constant' ? undefined : Math.min(Math.max(at, 0), last);
}

/** Bilinear interpolation of the four pixels around a position in x. */
function sample64(
  x: Array64,
  n: number,
  at: readonly [number, number],
  c: number,
  fill: Fill,
  fillValue: number,
): number {
  const [, H, W, C] = x.shape as [number, number, number, number];
  const [y, z] = [inside(at[0], H, fill), inside(at[1], W, fill)];
  if (y === undefined || z === undefined) return fillValue;
  let sum = 0;
  for (const row of [Math.floor(y), Math.floor(y) + 1])
    for (const column of [Math.floor(z), Math.floor(z) + 1]) {
      const weight = (1 - Math.abs(y - row)) * (1 - Math.abs(z - column));
      if (weight === 0) continue;
      const h = Math.min(Math.max(row, 0), H - 1);
      const w = Math.min(Math.max(column, 0), W - 1);
      sum += weight * x.values[((n * H + h) * W + w) * C + c]!;
    }
  return sum;
}

/** Noise in an erased rectangle, keyed by the image's noise key, the channel and the pixel. */
function noise64(noise: number, c: number, pixel: number, { low, high }: Range): number {
  return low + (high - low) * uniform(pcg4d(noise * 2 ** 24, streams.noise, c, pixel)[0]);
}

/** The mean of each image's values, over all channels. */
export function means64(x: Array64): number[] {
  const [N] = x.shape as [number];
  const row = x.values.length / N;
  return Array.from({ length: N }, (_, n) => {
    return x.values.subarray(n * row, (n + 1) * row).reduce((sum, value) => sum + value, 0) / row;
  });
}

/** Contrast about the mean, then brightness relative to black, clamped to black and white. */
export function colour64(
  x: Array64,
  factors: readonly Pick<ImageTransform, 'brightness' | 'contrast'>[],
  { low, high }: Range,
): Array64 {
  const means = means64(x);
  const row = x.values.length / means.length;
  return fill64(x.shape, (index) => {
    const n = Math.floor(index / row);
    const { brightness, contrast } = factors[n]!;
    const contrasted = contrast * x.values[index]! + (1 - contrast) * means[n]!;
    return Math.min(Math.max(low + brightness * (contrasted - low), low), high);
  });
}

export interface Filling {
  readonly fill: Fill;
  readonly fillValue: number;
  readonly low: number;
  readonly high: number;
  readonly eraseValue: number;
  readonly eraseNoise: boolean;
}

/** The values outside the image and in erased rectangles. */
export function fillingOf({ augment, range: [low, high] }: AugmentAttributes): Filling {
  const { fill = 'nearest', fillValue = 0, erasing } = augment;
  const share = (value: number): number => low + (high - low) * value;
  const isNoise = erasing?.value === 'noise';
  return {
    fill,
    fillValue: share(fillValue),
    low,
    high,
    eraseValue: erasing?.value === 'noise' ? low : share(erasing?.value ?? 0),
    eraseNoise: isNoise,
  };
}

/** One value of the result. */
export interface WarpedPixel {
  readonly index: number;
  readonly n: number;
  readonly c: number;
  /** p·W + q. */
  readonly pixel: number;
  /** Inside the erased rectangle. */
  readonly isErased: boolean;
  /** Outside the image because of the crop. */
  readonly isOutside: boolean;
  /** The key of the image's noise. */
  readonly noise: number;
  /** The terms of the two coordinates that the matrix maps the pixel to. */
  readonly terms: readonly [row: readonly number[], column: readonly number[]];
}

/** Visits every value of the result of applying rows of transforms. */
export function eachWarpedPixel(x: Array64, rows: Array64, visit: (pixel: WarpedPixel) => void): void {
  const [N, H, W, C] = x.shape as [number, number, number, number];
  for (let n = 0; n < N; n++) {
    const [m0, m1, m2, m3, m4, m5, down, across, , , top, left, height, width, noise] = rows.values.subarray(
      n * transformSize,
      (n + 1) * transformSize,
    ) as unknown as number[];
    for (let p = 0; p < H; p++)
      for (let q = 0; q < W; q++)
        for (let c = 0; c < C; c++) {
          const [row, column] = [p + down!, q + across!];
          visit({
            index: ((n * H + p) * W + q) * C + c,
            n,
            c,
            pixel: p * W + q,
            isErased: p >= top! && p < top! + height! && q >= left! && q < left! + width!,
            isOutside: row < 0 || row >= H || column < 0 || column >= W,
            noise: noise!,
            terms: [
              [m0! * row, m1! * column, m2!],
              [m3! * row, m4! * column, m5!],
            ],
          });
        }
  }
}

/** The images that result from applying rows of transforms to x. */
export function warp64(x: Array64, rows: Array64, attributes: AugmentAttributes): Array64 {
  const { fill, fillValue, low, high, eraseValue, eraseNoise } = fillingOf(attributes);
  const y = zeros64(x.shape);
  const sum = ([a, b, c]: readonly number[]): number => a! + b! + c!;
  eachWarpedPixel(x, rows, ({ index, n, c, pixel, isErased, isOutside, noise, terms: [row, column] }) => {
    if (isErased && eraseNoise) y.values[index] = noise64(noise, c, pixel, { low, high });
    else if (isErased) y.values[index] = eraseValue;
    else if (isOutside) y.values[index] = low;
    else y.values[index] = sample64(x, n, [sum(row), sum(column)], c, fill, fillValue);
  });
  return y;
}

/** x with changed brightness and contrast, if the options ask for it. */
export function coloured64(
  x: Array64,
  all: readonly ImageTransform[],
  attributes: AugmentAttributes,
): Array64 {
  const { brightness = 0, contrast = 0 } = attributes.augment;
  const [low, high] = attributes.range;
  return brightness > 0 || contrast > 0 ? colour64(x, all, { low, high }) : x;
}

export const augmentReference: Reference<Input, 'y', AugmentAttributes> = {
  op: 'augment',
  forward: (inputs, attributes) => {
    const { x } = inputs;
    const all = imageTransforms64(inputs, x.shape, attributes);
    return {
      y: warp64(coloured64(x, all, attributes), transforms64(all, x.shape.slice(1, 3)), attributes),
    };
  },
};
