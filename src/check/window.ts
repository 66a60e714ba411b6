/** Keras's padding, derived independently of the kernels. Letters: H × W pixels, window KH × KW, P × Q windows. */
import type { Shape } from '../engine/primitive.js';
import type { WindowAttributes } from '../reference/window.js';

export interface WindowOptions {
  readonly strides: readonly [number, number];
  readonly padding: 'same' | 'valid';
}

/**
 * Source: Keras, "same": ⌈H / stride⌉ windows, the padding split in half with the odd pixel at the end; "valid": none.
 */
export function windowAttributes(
  image: Shape,
  window: readonly number[],
  { strides, padding }: WindowOptions,
): WindowAttributes {
  if (padding === 'valid') return { strides, pads: [0, 0, 0, 0] };
  const [, H, W] = image as [number, number, number];
  const [KH, KW] = window as [number, number];
  const [down, across] = strides;
  const rows = Math.max((Math.ceil(H / down) - 1) * down + KH - H, 0);
  const columns = Math.max((Math.ceil(W / across) - 1) * across + KW - W, 0);
  const [top, left] = [Math.floor(rows / 2), Math.floor(columns / 2)];
  return { strides, pads: [top, left, rows - top, columns - left] };
}

/** The extent of a window [KH,KW,…] whose taps are this many pixels apart. */
export function dilated([KH, KW]: Shape, [down, across]: readonly [number, number]): [number, number] {
  return [1 + ((KH as number) - 1) * down, 1 + ((KW as number) - 1) * across];
}
