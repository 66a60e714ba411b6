/** Repeated elements: broadcasting between two reshapes, one pass. */
import type { Shape } from '../engine/primitive.js';
import { type Tensor, checkTensors } from '../engine/tensor.js';
import { checkArgument } from '../calls.js';
import { count, either, extents } from '../options.js';
import { fill, multiply } from './arithmetic.js';
import { aroundAxis, axisOf, integerRule } from './axes.js';
import { reshape } from './reshape.js';

/** x broadcast to a shape. The product with 1 keeps every bit, those of NaN aside. */
export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  return multiply(x, fill(shape, 1));
}

/**
 * x repeated as a whole along each axis, as often as `repeats` says.
 *
 *   y[j₀, j₁, …] = x[j₀ mod K₀, j₁ mod K₁, …]
 *
 * If there are fewer entries than axes, they are for the last ones; if there are more, x gets leading axes of extent 1.
 * Throws: UsageError for repeats that are not positive integers.
 */
export function tile(x: Tensor, repeats: number | readonly number[]): Tensor {
  checkTensors('tile', { x });
  checkArgument('tile', 'repeats', repeats, () => either(count, extents));
  const times = [repeats].flat();
  const rank = Math.max(times.length, x.shape.length);
  const lead = (list: readonly number[]): number[] => [
    ...Array.from({ length: rank - list.length }, () => 1),
    ...list,
  ];
  const [from, all] = [lead(x.shape), lead(times)];
  const apart = reshape(
    x,
    from.flatMap((extent) => [1, extent]),
  );
  const tiled = broadcastTo(
    apart,
    from.flatMap((extent, axis) => [all[axis]!, extent]),
  );
  return reshape(
    tiled,
    from.map((extent, axis) => extent * all[axis]!),
  );
}

/**
 * Each element along an axis repeated.
 *
 *   y[…, j, …] = x[…, ⌊j / repeats⌋, …]
 *
 * Throws: UsageError for repeats that are not a positive integer; ShapeError for an axis that x does not have.
 * Source: Keras and NumPy, `repeat`; PyTorch calls it repeat_interleave.
 */
export function repeat(x: Tensor, repeats: number, axis: number): Tensor {
  checkTensors('repeat', { x });
  checkArgument('repeat', 'repeats', repeats, () => count);
  checkArgument('repeat', 'axis', axis, integerRule);
  const at = axisOf('repeat', x, axis);
  const [before, extent, after] = aroundAxis(x.shape, at);
  const repeated = broadcastTo(reshape(x, [before * extent, 1, after]), [before * extent, repeats, after]);
  return reshape(repeated, x.shape.with(at, extent * repeats));
}
