/**
 * Converts any picture of one digit to the style of MNIST: light ink on black, scaled so that the longer side of the
 * ink fills a box of 20 pixels, with its centre of mass in the middle of 28×28.
 *
 * Steps: greyscale → polarity (which shade is the ink) → threshold → bounding box of the ink without specks → area
 * averaging → centring. A network trained on MNIST only knows this style, so photographs must be converted to it.
 *
 * Limits: one digit on a plain background, evenly lit, with an even gradient or, for dark ink, in a shadow; the edge of a
 * page counts as ink.
 * Source: LeCun et al. 1998, Gradient-based learning applied to document recognition, section III.A (how MNIST
 * was made); Otsu 1979 (threshold).
 */
import { checkCall } from '../calls.js';
import { DataError, UsageError } from '../errors.js';
import { pictureRules } from '../image_values.js';
import { type Rules, count, oneOf, positive } from '../options.js';
import { type Picture, checkPicture, greyPlane } from './picture.js';
import { type InkCentre, black, colourRule, inkCentres, white } from '../picture_preparation.js';
import { type Plane, averageTo, resizeTo } from './resample.js';

export interface DigitImageOptions {
  readonly height?: number;
  readonly width?: number;
  /** The longer side of the ink, in pixels; 20 for 28×28, in proportion otherwise. */
  readonly box?: number;
  /** What lies in the middle of the image: the ink's centre of mass, as in MNIST, or its bounding box. Default 'mass'. */
  readonly centre?: InkCentre;
  /** The colour behind transparent pixels, `#rrggbb`. Default white. */
  readonly background?: string;
}

const rules = (): Rules<DigitImageOptions> => ({
  height: count,
  width: count,
  box: positive,
  centre: oneOf(inkCentres),
  background: colourRule(),
});

/** Pictures are first reduced to at most this many times the side of the output; more resolution does not help. */
const workingScale = 20;
/** Specks below this share of the ink are removed as dust. */
const dustShare = 0.02;
/** Ink and background must differ by at least this (of 255). */
const minContrast = 20;
/** Ink must differ from the background by this many times the noise of the background; noise alone reaches 2. */
const minSeparation = 3;

/**
 * One picture in the form that the network expects: height·width bytes, light on dark. A picture that already has
 * this size and style is returned unchanged (a copy).
 *
 * Throws: DataError when the pixels do not match the given size, or the picture is empty; UsageError when the box
 * exceeds the output.
 */
export function digitImage(picture: Picture, options: DigitImageOptions = {}): Uint8Array {
  checkCall('digitImage', picture, pictureRules);
  checkCall('digitImage', options, rules);
  const { height = 28, width = 28, centre = 'mass', background = white } = options;
  const { box = Math.round((Math.min(height, width) * 20) / 28) } = options;
  if (!(box >= 1 && box <= Math.min(height, width))) {
    throw new UsageError(`digit image: a box of ${box} pixels does not fit into ${height}×${width}.`);
  }
  const whole = toGrey(picture, background);
  if (whole.width === width && whole.height === height && isPrepared(whole)) {
    return Uint8Array.from(whole.values, Math.round);
  }
  const grey = shrinkTo(whole, workingScale * Math.max(height, width));
  const { ink, mask } = separateInk(grey);
  const cut = cropTo(ink, boundsOf(mask, grey.width));
  const scale = box / Math.max(cut.width, cut.height);
  const small = averageTo(cut, atLeastOne(cut.width * scale), atLeastOne(cut.height * scale));
  return placed(small, { width, height, centre });
}

function atLeastOne(size: number): number {
  return Math.max(1, Math.round(size));
}

/** Greyscale over the background, or over its opposite if the background would hide everything (white ink on transparency). */
function toGrey(picture: Picture, background: string): Plane {
  checkPicture('digit image', picture);
  const grey = greyPlane(picture, background);
  const hasAlpha = picture.channels === 2 || picture.channels === 4;
  const [first = 0] = grey.values;
  if (!hasAlpha || grey.values.some((value) => value !== first)) return grey;
  return greyPlane(picture, first > 127.5 ? black : white);
}

/** Whether a picture looks like MNIST: almost nothing in the outermost pixels, bright ink inside. */
function isPrepared({ values, width, height }: Plane): boolean {
  const border = borderOf(values, width, height, 1);
  const mean = border.reduce((sum, value) => sum + value, 0) / border.length;
  // Measured on the first 20,000 images of MNIST: the mean of the border is at most 8.4, the brightest pixel at least 254.
  return mean < 16 && values.some((value) => value >= 128);
}

/** The pixels of a frame along the edge. */
function borderOf(values: Float32Array, width: number, height: number, thickness: number): Float32Array {
  return values.filter((_, i) => {
    const x = i % width;
    const y = Math.floor(i / width);
    return Math.min(x, y, width - 1 - x, height - 1 - y) < thickness;
  });
}

function shrinkTo(grey: Plane, side: number): Plane {
  const scale = side / Math.max(grey.width, grey.height);
  if (scale >= 1) return grey;
  return averageTo(grey, atLeastOne(grey.width * scale), atLeastOne(grey.height * scale));
}

/** The amount of ink per pixel (0–255, soft at the edges of strokes), and a mask of pixels that are certainly ink. */
interface Ink {
  readonly ink: Plane;
  readonly mask: Uint8Array;
  /** The spread of the background, as a share of its distance from the ink. */
  readonly unevenness: number;
}

/** Plain photographs reach 0.05; those with a shadow begin at 0.12 (test/unit/shadows.test.ts). */
const even = 0.1;

/**
 * The ink over an even gradient. Where that finds none, or the background is as uneven as in a shadow, the ink over a background
 * of any form is tried: it is taken if its background is more even. Thick strokes look like a background to it, so it is not tried
 * first.
 */
function separateInk(grey: Plane): Ink {
  let plain: Ink | undefined;
  let reason: unknown;
  try {
    plain = inkIn(grey, withoutBackground(grey));
    if (plain.unevenness < even) return plain;
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    reason = error;
  }
  try {
    const shaded = inkIn(grey, withoutShadow(grey));
    if (shaded.unevenness < (plain?.unevenness ?? 1.5 * even)) return shaded;
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
  }
  if (plain) return plain;
  throw reason;
}

/** Throws: DataError if ink and background differ too little. */
function inkIn({ width, height }: Plane, relief: Float32Array): Ink {
  const lightInk = isInkLight(relief);
  const deviation = relief.map((value) => Math.min(255, Math.max(0, lightInk ? value : -value)));
  const { threshold, low, high, spreadLow } = otsu(deviation);
  const noise = strayOf(relief, lightInk);
  if (high - low < minContrast || high - low < minSeparation * noise) {
    throw new DataError(
      `digit image: nothing is drawn on the picture (ink and background differ by ${Math.round(high - low)} of 255 levels, and the background by ${Math.round(noise)}). Use a picture of one digit on a plain background.`,
    );
  }
  const certain = Uint8Array.from(deviation, (value) => (value > threshold ? 1 : 0));
  // Values that the background itself reaches become 0; the mean of the ink becomes white.
  const floor = Math.min(threshold, low + 2.5 * spreadLow);
  const ink = deviation.map((value) => Math.min(1, Math.max(0, (value - floor) / (high - floor))) * 255);
  const unevenness = spreadLow / (high - low);
  return { ink: { values: ink, width, height }, mask: withoutDust(certain, width), unevenness };
}

/**
 * The picture minus its background, modelled as a linear gradient: the median of the border, and the differences
 * between the medians of opposite sides. Medians, because ink may touch the border.
 *
 *   background(x, y) = base + (x/(W−1) − ½)·(right − left) + (y/(H−1) − ½)·(bottom − top)
 */
function withoutBackground({ values, width, height }: Plane): Float32Array {
  const thickness = Math.max(1, Math.round(0.04 * Math.min(width, height)));
  const sideOf = (belongs: (x: number, y: number) => boolean) =>
    median(values.filter((_, i) => belongs(i % width, Math.floor(i / width))));
  const base = median(borderOf(values, width, height, thickness));
  const across = sideOf((x) => x >= width - thickness) - sideOf((x) => x < thickness);
  const down = sideOf((_, y) => y >= height - thickness) - sideOf((_, y) => y < thickness);
  return values.map((value, i) => {
    const x = width === 1 ? 0 : (i % width) / (width - 1) - 0.5;
    const y = height === 1 ? 0 : Math.floor(i / width) / (height - 1) - 0.5;
    return value - (base + x * across + y * down);
  });
}

function median(values: Float32Array): number {
  return values.sort()[values.length >> 1]!;
}

/** The window of the local background, as a share of the shorter side: wider than a stroke, narrower than most shadows. */
const windowShare = 0.16;
/** A background has no details: that of a picture of this size will do. */
const backgroundSide = 160;
/** Nothing can be told from pixels with a darker background. */
const darkest = 16;

/**
 * Dark ink on paper that any shadow falls on: the picture divided by the local background. That is the morphological closing,
 * which fills what is darker than its surroundings and narrower than the window, and leaves slopes as they are.
 *
 *   relief = 255 · (grey / background − 1)     background = blur(minimum(maximum(grey)))
 */
function withoutShadow(grey: Plane): Float32Array {
  const small = shrinkTo(grey, backgroundSide);
  const radius = Math.max(1, Math.round((windowShare * Math.min(small.width, small.height)) / 2));
  const both = (values: Float32Array, reach: number, fn: (window: Float32Array) => number): Float32Array =>
    overWindows(overWindows(values, small, reach, 'across', fn), small, reach, 'down', fn);
  const closed = both(both(small.values, radius, maximum), radius, minimum);
  const values = both(closed, Math.ceil(radius / 4), mean);
  const background = resizeTo({ ...small, values }, grey.width, grey.height).values;
  return grey.values.map((value, i) =>
    background[i]! < darkest ? 0 : 255 * (Math.min(1, value / background[i]!) - 1),
  );
}

const maximum = (values: Float32Array): number => values.reduce((most, value) => Math.max(most, value), 0);
const minimum = (values: Float32Array): number =>
  values.reduce((least, value) => Math.min(least, value), 255);
const mean = (values: Float32Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** A function of the values of each window of 2·radius + 1 pixels along an axis, cut off at the edges. */
function overWindows(
  values: Float32Array,
  { width, height }: Pick<Plane, 'width' | 'height'>,
  radius: number,
  axis: 'across' | 'down',
  fn: (window: Float32Array) => number,
): Float32Array {
  const [lines, length] = axis === 'across' ? [height, width] : [width, height];
  const at = (line: number, i: number): number => (axis === 'across' ? line * width + i : i * width + line);
  const out = new Float32Array(values.length);
  const own = new Float32Array(length);
  for (let line = 0; line < lines; line++) {
    for (let i = 0; i < length; i++) own[i] = values[at(line, i)]!;
    for (let i = 0; i < length; i++)
      out[at(line, i)] = fn(own.subarray(Math.max(0, i - radius), Math.min(length, i + radius + 1)));
  }
  return out;
}

/** Cubes let a little strong ink outweigh a large weak shadow. */
function isInkLight(relief: Float32Array): boolean {
  let balance = 0;
  for (const value of relief) balance += value ** 3;
  return balance > 0;
}

/** Noise of the background: the root mean square on the side without ink. */
function strayOf(relief: Float32Array, lightInk: boolean): number {
  let count = 0;
  let squares = 0;
  for (const value of relief) {
    if (value === 0 || value > 0 === lightInk) continue;
    count++;
    squares += value ** 2;
  }
  return count === 0 ? 0 : Math.sqrt(squares / count);
}

interface Classes {
  /** Values above it are ink. */
  readonly threshold: number;
  /** The means below and above the threshold. */
  readonly low: number;
  readonly high: number;
  /** The standard deviation of the values below. */
  readonly spreadLow: number;
}

/**
 * The threshold that separates two classes best, over a histogram of 256 levels.
 *
 *   maximise  n₀·n₁·(μ₁ − μ₀)²
 *
 * Of equally good thresholds (an empty range of levels), the middle one.
 */
function otsu(values: Float32Array): Classes {
  const histogram = new Float64Array(256);
  for (const value of values) histogram[Math.round(value)]!++;
  const count = values.length;
  const sum = histogram.reduce((total, n, level) => total + n * level, 0);
  let below = 0;
  let sumBelow = 0;
  let best = -1;
  let first = 0;
  let last = 0;
  for (let level = 0; level < 255; level++) {
    below += histogram[level]!;
    sumBelow += histogram[level]! * level;
    if (below === 0 || below === count) continue;
    const difference = (sum - sumBelow) / (count - below) - sumBelow / below;
    const merit = below * (count - below) * difference ** 2;
    if (merit > best) {
      best = merit;
      first = level;
    }
    if (merit === best) last = level;
  }
  const threshold = (first + last) / 2 + 0.5;
  const lower = statistics(histogram, 0, Math.floor(threshold));
  const upper = statistics(histogram, Math.floor(threshold) + 1, 255);
  return { threshold, low: lower.mean, high: upper.mean, spreadLow: Math.sqrt(lower.variance) };
}

function statistics(histogram: Float64Array, from: number, to: number) {
  let count = 0;
  let sum = 0;
  let squares = 0;
  for (let level = from; level <= to; level++) {
    count += histogram[level]!;
    sum += histogram[level]! * level;
    squares += histogram[level]! * level ** 2;
  }
  const mean = count === 0 ? 0 : sum / count;
  return { mean, variance: count === 0 ? 0 : Math.max(0, squares / count - mean ** 2) };
}

/** The mask without connected components (8 neighbours) that are a small share of the ink. */
function withoutDust(mask: Uint8Array, width: number): Uint8Array {
  const height = mask.length / width;
  const pieceOf = new Int32Array(mask.length).fill(-1);
  const areas: number[] = [];
  const open: number[] = [];
  for (let start = 0; start < mask.length; start++) {
    if (mask[start] === 0 || pieceOf[start] !== -1) continue;
    const piece = areas.push(0) - 1;
    pieceOf[start] = piece;
    open.push(start);
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      areas[piece]!++;
      const x = at % width;
      const y = Math.floor(at / width);
      for (let ny = Math.max(0, y - 1); ny <= Math.min(height - 1, y + 1); ny++) {
        for (let nx = Math.max(0, x - 1); nx <= Math.min(width - 1, x + 1); nx++) {
          const next = ny * width + nx;
          if (mask[next] === 0 || pieceOf[next] !== -1) continue;
          pieceOf[next] = piece;
          open.push(next);
        }
      }
    }
  }
  // Relative to the largest component, so that at least that one remains.
  const limit = dustShare * areas.reduce((max, area) => Math.max(max, area), 0);
  return mask.map((_, i) => (pieceOf[i] !== -1 && areas[pieceOf[i]!]! >= limit ? 1 : 0));
}

interface Bounds {
  readonly left: number;
  readonly top: number;
  /** One past the last column and row. */
  readonly right: number;
  readonly bottom: number;
}

function boundsOf(mask: Uint8Array, width: number): Bounds {
  let left = Infinity;
  let top = Infinity;
  let right = 0;
  let bottom = 0;
  mask.forEach((value, i) => {
    if (value === 0) return;
    const x = i % width;
    const y = Math.floor(i / width);
    left = Math.min(left, x);
    right = Math.max(right, x + 1);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y + 1);
  });
  return { left, top, right, bottom };
}

function cropTo({ values, width }: Plane, { left, top, right, bottom }: Bounds): Plane {
  const cut = new Float32Array((right - left) * (bottom - top));
  for (let y = top; y < bottom; y++) {
    cut.set(values.subarray(y * width + left, y * width + right), (y - top) * (right - left));
  }
  return { values: cut, width: right - left, height: bottom - top };
}

/**
 * Pastes the ink so that its centre of mass falls on pixel (height/2, width/2), as in MNIST (measured: 14.0 ± 0.5
 * in both directions), or its box is in the middle; always within the image. Brightens thin strokes that averaging has faded.
 */
function placed(
  ink: Plane,
  { width, height, centre }: Required<Pick<DigitImageOptions, 'width' | 'height' | 'centre'>>,
): Uint8Array {
  const { x: middleX, y: middleY } =
    centre === 'mass' ? centreOfMass(ink) : { x: ink.width / 2, y: ink.height / 2 };
  const brightest = ink.values.reduce((most, value) => Math.max(most, value), 0);
  const left = clamp(Math.round(width / 2 - middleX), 0, width - ink.width);
  const top = clamp(Math.round(height / 2 - middleY), 0, height - ink.height);
  const out = new Uint8Array(width * height);
  ink.values.forEach((value, i) => {
    const x = left + (i % ink.width);
    const y = top + Math.floor(i / ink.width);
    out[y * width + x] = Math.round((value * 255) / brightest);
  });
  return out;
}

/** Σ v·x / Σ v, with x counted from the first column; likewise y. */
export function centreOfMass({ values, width }: Pick<Plane, 'values' | 'width'>): {
  readonly x: number;
  readonly y: number;
} {
  let mass = 0;
  let massX = 0;
  let massY = 0;
  values.forEach((value, i) => {
    mass += value;
    massX += value * (i % width);
    massY += value * Math.floor(i / width);
  });
  return { x: massX / mass, y: massY / mass };
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
