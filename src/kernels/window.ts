/**
 * Windows that slide over images, shared by convolution and pooling.
 * Letters: N images of H × W pixels with C channels; windows of KH × KW; P × Q windows per image.
 */
import { ShapeError } from '../errors.js';
import type { Shape } from '../engine/primitive.js';
import { type Rules, oneOf, pixels } from '../options.js';

export type Padding = 'same' | 'valid';
/** One number for both directions, or [down, across]. */
export type Pair = number | readonly [number, number];

/** The options of every op and layer with windows. */
export interface WindowOptions {
  readonly strides?: Pair;
  readonly padding?: Padding;
}

export const windowRules = (): Rules<WindowOptions> => ({
  strides: pixels,
  padding: oneOf(['same', 'valid']),
});

export interface WindowAttributes extends Readonly<
  Record<string, string | number | boolean | readonly number[] | null>
> {
  readonly strides: readonly number[];
  /** Rows above, columns left, rows below, columns right. */
  readonly pads: readonly number[];
}

export function pair(value: Pair): readonly [number, number] {
  return typeof value === 'number' ? [value, value] : value;
}

/**
 * Padding as in Keras: 'same' gives ⌈H / stride⌉ outputs, with the odd pixel below and right; 'valid' has none. 'ceil' pads below
 * and right as PyTorch's ceil mode does: so much that windows hold all pixels, but every window begins in the image.
 *
 * Throws: ShapeError if the window exceeds the input.
 */
export function windowAttributes(
  who: string,
  image: Shape,
  window: readonly [number, number],
  strides: readonly [number, number],
  padding: Padding | 'ceil',
): WindowAttributes {
  const [, H, W] = image as [number, number, number];
  const isSame = padding === 'same';
  if (!isSame && (window[0] > H || window[1] > W))
    throw new ShapeError(
      `${who}: the window ${window.join('×')} exceeds the input of ${H}×${W} pixels; use padding 'same' or a smaller window.`,
    );
  const along = (size: number, extent: number, stride: number): [number, number] => {
    let last = Math.ceil(size / stride) - 1;
    if (!isSame) last = Math.min(last, Math[padding === 'ceil' ? 'ceil' : 'floor']((size - extent) / stride));
    const total = Math.max(0, last * stride + extent - size);
    const before = isSame ? Math.floor(total / 2) : 0;
    return [before, total - before];
  };
  const [top, bottom] = along(H, window[0], strides[0]);
  const [left, right] = along(W, window[1], strides[1]);
  return { strides, pads: [top, left, bottom, right] };
}

/** The extent of a window whose taps are `dilations` pixels apart. */
export function dilated(
  [KH, KW]: readonly [number, number],
  [down, across]: readonly number[],
): [number, number] {
  return [(KH - 1) * (down as number) + 1, (KW - 1) * (across as number) + 1];
}

/** Number of windows down and across. */
export function windowCounts(
  image: Shape,
  window: readonly [number, number],
  { strides, pads }: WindowAttributes,
): [P: number, Q: number] {
  const [, H, W] = image as [number, number, number];
  const count = (size: number, before: number, after: number, extent: number, stride: number): number =>
    Math.floor((size + before + after - extent) / stride) + 1;
  return [
    count(H, pads[0] as number, pads[2] as number, window[0], strides[0] as number),
    count(W, pads[1] as number, pads[3] as number, window[1], strides[1] as number),
  ];
}

export type WindowConstants = Readonly<
  Record<
    'N' | 'H' | 'W' | 'C' | 'KH' | 'KW' | 'P' | 'Q' | 'STRIDE_H' | 'STRIDE_W' | 'PAD_TOP' | 'PAD_LEFT',
    number
  >
>;

/** The marked constants that all window kernels share. */
export function windowConstants(
  image: Shape,
  window: readonly [number, number],
  output: Shape,
  { strides, pads }: WindowAttributes,
): WindowConstants {
  const [N, H, W, C] = image as [number, number, number, number];
  const [, P, Q] = output as [number, number, number];
  const [KH, KW] = window;
  const [STRIDE_H, STRIDE_W] = strides as [number, number];
  const [PAD_TOP, PAD_LEFT] = pads as [number, number];
  return { N, H, W, C, KH, KW, P, Q, STRIDE_H, STRIDE_W, PAD_TOP, PAD_LEFT };
}
