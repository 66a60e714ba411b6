/** Windows over images, worked out afresh for the references. Letters: H × W pixels, window KH × KW, P × Q windows. */
import type { Shape } from '../engine/primitive.js';

export interface WindowOptions {
  readonly strides: readonly [number, number];
  readonly padding: 'same' | 'valid';
}

export interface Window {
  readonly P: number;
  readonly Q: number;
  readonly top: number;
  readonly left: number;
  /** As the kernels take them: rows above, columns left, rows below, columns right. */
  readonly pads: readonly [number, number, number, number];
}

/**
 * Source: Keras, "same": ⌈H / stride⌉ windows, the padding split in half with the odd pixel behind; "valid": none.
 */
export function windowOf(image: Shape, [KH, KW]: readonly [number, number], options: WindowOptions): Window {
  const [, H, W] = image as [number, number, number];
  const [down, across] = options.strides;
  if (options.padding === 'valid') {
    const P = Math.ceil((H - KH + 1) / down);
    const Q = Math.ceil((W - KW + 1) / across);
    return { P, Q, top: 0, left: 0, pads: [0, 0, 0, 0] };
  }
  const P = Math.ceil(H / down);
  const Q = Math.ceil(W / across);
  const rows = Math.max((P - 1) * down + KH - H, 0);
  const columns = Math.max((Q - 1) * across + KW - W, 0);
  const [top, left] = [Math.floor(rows / 2), Math.floor(columns / 2)];
  return { P, Q, top, left, pads: [top, left, rows - top, columns - left] };
}
