/**
 * The mathematics of augmentation in float64, written from Keras's and SciPy's: what is drawn for an image, the matrix
 * that follows from it, and what lies at each place.
 * Letters: N images of H × W pixels with C channels; (p, q) a pixel of the result.
 */
import type { WarpAttributes } from '../kernels/augment.js';
import type { AugmentOptions } from '../kernels/augment_options.js';
import { pcg4d, streams, uniform } from '../random.js';
import { type Array64, fill64 } from './reference.js';

export interface Range {
  readonly low: number;
  readonly high: number;
}

/** What happens to one image; pairs are (down, across). */
export interface Happening {
  /** Radians. */
  readonly angle: number;
  readonly shift: readonly [number, number];
  readonly zoom: readonly [number, number];
  readonly isFlipped: readonly [boolean, boolean];
  readonly crop: readonly [number, number];
  readonly brightness: number;
  readonly contrast: number;
  /** Top, left, height, width; the height is 0 where nothing is erased. */
  readonly erased: readonly [number, number, number, number];
  readonly noise: number;
  /** How near a number came to another whole one: rounding may decide below 10⁻⁵. */
  readonly apart: number;
}

/** Where the draws of an image come from. */
export interface Keys {
  readonly seed: number;
  readonly epoch: number;
  /** The image's entry in the permutation. */
  readonly key: number;
}

/** Numbers of a stream in the order in which they are drawn. */
function numbers(stream: number, rounds: number, { seed, epoch, key }: Keys): number[] {
  return Array.from({ length: rounds }, (_, round) =>
    pcg4d(seed, stream | (round << 24), epoch, key).map(uniform),
  ).flat();
}

export function happening64(options: AugmentOptions, [H, W]: readonly number[], keys: Keys): Happening {
  const u = numbers(streams.augment, 3, keys);
  const e = numbers(streams.erase, 2, keys);
  const { zoom = 0, erasing } = options;
  const [zoomLow, zoomHigh] = typeof zoom === 'number' ? [1 - zoom, 1 + zoom] : zoom;
  const symmetric = (i: number, most = 0): number => (2 * u[i]! - 1) * most;
  const between = (number: number, low: number, high: number): number => low + number * (high - low);
  let apart = 1;
  const whole = (value: number): number => {
    apart = Math.min(apart, Math.abs(value - Math.round(value)));
    return Math.floor(value);
  };
  const padding = options.padAndCrop ?? 0;
  const crop = (i: number): number => (padding > 0 ? whole(u[i]! * (2 * padding + 1)) - padding : 0);
  const angle = (symmetric(0, options.rotation) * Math.PI) / 180;
  const happening = {
    angle,
    shift: [symmetric(1, options.heightShift) * H!, symmetric(2, options.widthShift) * W!],
    zoom: [between(u[3]!, zoomLow, zoomHigh), between(u[4]!, zoomLow, zoomHigh)],
    isFlipped: [Boolean(options.verticalFlip) && u[5]! < 0.5, Boolean(options.horizontalFlip) && u[6]! < 0.5],
    crop: [crop(7), crop(8)],
    brightness: 1 + symmetric(9, options.brightness),
    contrast: 1 + symmetric(10, options.contrast),
    noise: e[5]!,
  } as const;
  // Zhong et al. 2020: an area and an aspect, sides from both; here a side ends at the image's.
  const { probability = 0.5, area: [least, most] = [0.02, 0.4], aspect: flattest = 0.3 } = erasing ?? {};
  const area = between(e[1]!, least, most) * H! * W!;
  const aspect = between(e[2]!, flattest, 1 / flattest);
  const isErased = erasing !== undefined && e[0]! < Math.fround(probability);
  const height = Math.min(H!, whole(Math.sqrt(area * aspect) + 0.5));
  const width = Math.min(W!, whole(Math.sqrt(area / aspect) + 0.5));
  const [top, left] = [whole(e[3]! * (H! - height + 1)), whole(e[4]! * (W! - width + 1))];
  return { ...happening, erased: [top, left, isErased ? height : 0, width], apart };
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

/** Centre · rotation · shift · zoom · flip · centre⁻¹: two rows that map a pixel of the result to a place in x. */
export function matrix64(
  { angle, shift, zoom, isFlipped }: Pick<Happening, 'angle' | 'shift' | 'zoom' | 'isFlipped'>,
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

/** Where SciPy finds the value for a place on an axis of n pixels; nothing where `constant` fills. */
function inside(at: number, n: number, fill: WarpAttributes['fill']): number | undefined {
  const last = n - 1;
  if (at >= 0 && at <= last) return at;
  // Mirrors stand at the outer edges of the first and the last pixel, whose other halves lie beyond their centres.
  const isOnEdge = at >= -0.5 && at <= last + 0.5;
  if (fill === 'reflect') return isOnEdge ? at : inside(at < 0 ? -1 - at : 2 * n - 1 - at, n, fill);
  if (fill === 'wrap') return n === 1 ? 0 : inside(at < 0 ? at + last : at - last, n, fill);
  return fill === 'constant' ? undefined : Math.min(Math.max(at, 0), last);
}

/** A place in x with its four neighbours' mean, weighted by nearness. */
export function sample64(
  x: Array64,
  n: number,
  at: readonly [number, number],
  c: number,
  fill: WarpAttributes['fill'],
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

/** Noise in an erased rectangle, keyed by the image's own number, the channel and the pixel. */
export function noise64(noise: number, c: number, pixel: number, { low, high }: Range): number {
  return low + (high - low) * uniform(pcg4d(noise * 2 ** 24, streams.noise, c, pixel)[0]);
}

/** The mean of each image's values, all channels together. */
export function means64(x: Array64): number[] {
  const [N] = x.shape as [number];
  const row = x.values.length / N;
  return Array.from({ length: N }, (_, n) => {
    return x.values.subarray(n * row, (n + 1) * row).reduce((sum, value) => sum + value, 0) / row;
  });
}

/** Contrast about the mean, then brightness from black on, ended at black and white. */
export function colour64(
  x: Array64,
  factors: readonly Pick<Happening, 'brightness' | 'contrast'>[],
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
