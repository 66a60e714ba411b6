/** Images read at other positions, for the layers that rotate, move and scale them. */
import { scale, subtract } from '../../kernels/arithmetic.js';
import { broadcastShape } from '../../kernels/broadcast.js';
import { concatenate } from '../../kernels/concatenate.js';
import { gridSample } from '../../kernels/grid_sample.js';
import { linspace } from '../../kernels/linspace.js';
import { reshape } from '../../kernels/reshape.js';
import { abs, floor } from '../../kernels/rounding.js';
import { partOf } from '../../kernels/slice.js';
import { broadcastTo } from '../../kernels/tile.js';
import type { Tensor } from '../../engine/tensor.js';
import { type Rules, finite, oneOf } from '../../options.js';

/** How the layers that move pixels read an image. */
export interface WarpOptions {
  /**
   * What is outside the image: its mirror image (`reflect`), the image again (`wrap`), the nearest pixel (`nearest`), or
   * `fillValue` (`constant`). Default: `reflect`.
   */
  readonly fillMode?: 'reflect' | 'wrap' | 'nearest' | 'constant';
  /** With `constant`. Default 0. */
  readonly fillValue?: number;
  /** Default: `bilinear`. */
  readonly interpolation?: 'nearest' | 'bilinear';
}

export const warpRules = (): Rules<WarpOptions> => ({
  fillMode: oneOf(['reflect', 'wrap', 'nearest', 'constant']),
  fillValue: finite,
  interpolation: oneOf(['nearest', 'bilinear']),
});

export function warpConfig({
  fillMode = 'reflect',
  fillValue = 0,
  interpolation = 'bilinear',
}: WarpOptions): Required<WarpOptions> {
  return { fillMode, fillValue, interpolation };
}

/** Distances of rows (axis 1) or columns (axis 2) from the centre, in pixels. Shape: [1,H,1,1] or [1,1,W,1]. */
export function fromCentre(extent: number, axis: 1 | 2): Tensor {
  const end = (extent - 1) / 2;
  return reshape(linspace(-end, end, extent), [1, 1, 1, 1].with(axis, extent));
}

/**
 * Images read at rows and columns given as distances from their centre, in pixels. Shapes: x [N,H,W,C]; rows and columns broadcast
 * to [N,P,Q,1] → [N,P,Q,C].
 */
export function warp(
  x: Tensor,
  rows: Tensor,
  columns: Tensor,
  { fillMode, fillValue, interpolation }: Required<WarpOptions>,
): Tensor {
  const [N, H, W] = x.shape as [number, number, number];
  const places = broadcastShape('warp', [rows, columns]).with(0, N);
  const read = (image: Tensor, mapped: (offset: Tensor, extent: number) => Tensor): Tensor => {
    // −1 and 1 are the outer edges.
    const grid = [mapped(scale(columns, 2 / W), W), mapped(scale(rows, 2 / H), H)];
    return gridSample(image, concatenate(grid.map((each) => broadcastTo(each, places))), {
      method: interpolation,
      padding: fillMode === 'constant' ? 'zeros' : 'border',
    });
  };
  if (fillMode === 'nearest' || (fillMode === 'constant' && fillValue === 0))
    return read(x, (offset) => offset);
  if (fillMode === 'constant')
    return scale(
      read(scale(x, 1, -fillValue), (offset) => offset),
      1,
      fillValue,
    );
  if (fillMode === 'reflect')
    // 0 … 1 is the image, 1 … 2 its mirror image.
    return read(x, (offset) => scale(abs(scale(modulo(scale(offset, 0.5, 0.5), 2), 1, -1)), -2, 1));
  // A border of one pixel, so that the first and the last one are interpolated, too.
  return read(wrapped(wrapped(x, 1), 2), (offset, extent) =>
    scale(modulo(scale(offset, 0.5, 0.5), 1), (2 * extent) / (extent + 2), -extent / (extent + 2)),
  );
}

function modulo(x: Tensor, divisor: number): Tensor {
  return subtract(x, scale(floor(scale(x, 1 / divisor)), divisor));
}

/** With the last row or column before the first one, and the first after the last. */
function wrapped(x: Tensor, axis: number): Tensor {
  return concatenate([partOf(x, axis, x.shape[axis]! - 1, 1), x, partOf(x, axis, 0, 1)], axis);
}
