/** Windows over images. Letters: H × W pixels, window KH × KW, P × Q windows. */
import type { Shape } from '../engine/primitive.js';

/** The attributes that convolution and pooling share: how windows slide. */
export interface WindowAttributes {
  /** Pixels between windows: down, across. */
  readonly strides: readonly number[];
  /** Rows above, columns left, rows below, columns right. */
  readonly pads: readonly number[];
}

export interface Windows {
  readonly P: number;
  readonly Q: number;
  readonly down: number;
  readonly across: number;
  readonly top: number;
  readonly left: number;
}

/** Window (p, q) starts at row p·down − top and column q·across − left. */
export function windowsOver(
  image: Shape,
  window: readonly number[],
  { strides, pads }: WindowAttributes,
): Windows {
  const [, H, W] = image as [number, number, number];
  const [KH, KW] = window as [number, number];
  const [down, across] = strides as [number, number];
  const [top, left, bottom, right] = pads as [number, number, number, number];
  return {
    P: Math.floor((top + H + bottom - KH) / down) + 1,
    Q: Math.floor((left + W + right - KW) / across) + 1,
    down,
    across,
    top,
    left,
  };
}
