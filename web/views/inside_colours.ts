/** Maps signed numbers to colours that colour-blind people can distinguish: zero is the background, + orange, − blue. */
import { colourOf } from '../theme_switch.js';
import { showPixels } from './pixels.js';

/** Colours for −1 … 1 in 2 · `steps` + 1 entries, in the format of a canvas: four bytes in one number. */
export type SignedColours = Uint32Array;

const steps = 255;

/** Colours for the current colour scheme. */
export function signedColours(): SignedColours {
  const [paper, negative, positive] = (['paper', 'blue', 'orange'] as const).map((name) =>
    rgbOf(colourOf(name)),
  ) as [Rgb, Rgb, Rgb];
  return Uint32Array.from({ length: 2 * steps + 1 }, (_, i) =>
    packed(mixed(paper, i < steps ? negative : positive, Math.abs(i - steps) / steps)),
  );
}

/** Layout of the values of a picture: row by row, `stride` apart, starting at `offset`. */
export interface Plane {
  readonly height: number;
  readonly width: number;
  readonly values: Float32Array;
  readonly offset: number;
  readonly stride: number;
}

/** Draws a plane, one pixel per value, clamped to ±`full`; pixels without a value stay transparent. */
export function drawSigned(
  canvas: HTMLCanvasElement,
  plane: Plane,
  full: number,
  colours: SignedColours,
): void {
  const { height, width, values, offset, stride } = plane;
  const scale = full > 0 ? steps / full : 0;
  drawPixels(canvas, height, width, (pixels) => {
    for (let i = 0; i < pixels.length; i++) {
      const value = values[offset + i * stride];
      if (value === undefined) continue;
      const step = Math.round(Math.max(-steps, Math.min(steps, value * scale)));
      pixels[i] = colours[steps + step]!;
    }
  });
}

/** Draws an image [height,width,channels], its minimum black and its maximum white; three channels are RGB. */
export function drawImage(
  canvas: HTMLCanvasElement,
  { values, shape }: { readonly values: Float32Array; readonly shape: readonly number[] },
): void {
  const [height, width, channels] = shape as readonly [number, number, number];
  const { least, most } = rangeOf(values);
  const scale = 255 / Math.max(most - least, 1e-12);
  const [green, blue] = channels === 3 ? ([1, 2] as const) : ([0, 0] as const);
  const byte = (i: number): number => (values[i]! - least) * scale;
  drawPixels(canvas, height, width, (pixels) => {
    for (let i = 0; i < pixels.length; i++) {
      const at = i * channels;
      pixels[i] = packed([byte(at), byte(at + green), byte(at + blue)]);
    }
  });
}

/** Draws numbers as bars: positive ones up from the zero line, negative ones down. */
export function drawBars(
  canvas: HTMLCanvasElement,
  values: Float32Array,
  height: number,
  colours: SignedColours,
): void {
  const { least, most } = rangeOf(values);
  const top = Math.max(most, 0);
  const span = Math.max(top - Math.min(least, 0), 1e-12);
  const rowOf = (value: number): number => Math.round(((top - value) / span) * (height - 1));
  const zero = rowOf(0);
  // Three pixels per bar, one of which is a gap.
  const width = values.length * 3;
  drawPixels(canvas, height, width, (pixels) => {
    values.forEach((value, i) => {
      const end = rowOf(value);
      const colour = colours[value < 0 ? 0 : 2 * steps]!;
      for (let y = Math.min(zero, end); y <= Math.max(zero, end); y++)
        pixels.fill(colour, y * width + i * 3, y * width + i * 3 + 2);
    });
  });
}

/** Minimum and maximum of every `stride`-th value, starting at `offset`. */
export function rangeOf(
  values: ArrayLike<number>,
  offset = 0,
  stride = 1,
): { readonly least: number; readonly most: number } {
  let least = Infinity;
  let most = -Infinity;
  for (let i = offset; i < values.length; i += stride) {
    least = Math.min(least, values[i]!);
    most = Math.max(most, values[i]!);
  }
  return { least, most };
}

/** The value of full colour: the largest absolute value. */
export function fullOf(values: ArrayLike<number>): number {
  const { least, most } = rangeOf(values);
  return Math.max(Math.abs(least), Math.abs(most));
}

function drawPixels(
  canvas: HTMLCanvasElement,
  height: number,
  width: number,
  paint: (pixels: Uint32Array) => void,
): void {
  const picture = new ImageData(width, height);
  paint(new Uint32Array(picture.data.buffer));
  showPixels(canvas, picture);
}

/** Red, green, blue, 0 … 255. */
type Rgb = readonly [number, number, number];

function mixed(from: Rgb, to: Rgb, share: number): Rgb {
  return from.map((value, i) => value + (to[i]! - value) * share) as unknown as Rgb;
}

/** All platforms of browsers are little-endian: the lowest byte is red. */
function packed([red, green, blue]: Rgb): number {
  return ((255 << 24) | (Math.round(blue) << 16) | (Math.round(green) << 8) | Math.round(red)) >>> 0;
}

/** Parses `#14171c`, the format of the page's colours. */
function rgbOf(colour: string): Rgb {
  const value = Number.parseInt(colour.slice(1), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}
