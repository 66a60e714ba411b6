/** A tensor in parts along an axis: slices. */
import { ShapeError } from '../errors.js';
import { type Tensor, checkTensors, describe } from '../engine/tensor.js';
import { checkArgument } from '../calls.js';
import { either, list, rule } from '../options.js';
import { axisOf, integerRule } from './axes.js';
import { reshape } from './reshape.js';
import { partOf } from './slice.js';

const partsRule = () => {
  const size = rule('', (value) => Number.isSafeInteger(value) && ((value as number) > 0 || value === -1));
  const count = rule('a positive integer', (value) => Number.isSafeInteger(value) && (value as number) > 0);
  return either(count, list('a list of positive integers, of which one may be −1', size));
};

/**
 * Splits a tensor along an axis, into `sizes` equal parts, or into parts with these extents; one of them may be −1 and is inferred.
 *
 * Shapes: x [A,…] → [a₀,…], [a₁,…], … with Σ aᵢ = A, for axis 0.
 * Throws: UsageError for invalid sizes; ShapeError if there is no such axis, or the parts do not fill it.
 * Source: TensorFlow.js, `split`, and PyTorch for the list of extents; Keras has the places between them.
 */
export function split(x: Tensor, sizes: number | readonly number[], axis = 0): Tensor[] {
  checkTensors('split', { x });
  checkArgument('split', 'sizes', sizes, partsRule);
  checkArgument('split', 'axis', axis, integerRule);
  const at = axisOf('split', x, axis);
  const extent = x.shape[at]!;
  const given = typeof sizes === 'number' ? Array.from({ length: sizes }, () => extent / sizes) : sizes;
  const total = given.reduce((sum, size) => sum + Math.max(size, 0), 0);
  const parts = given.map((size) => (size === -1 ? extent - total : size));
  const filled = parts.reduce((sum, size) => sum + size, 0);
  if (filled !== extent || !parts.every((size) => Number.isInteger(size) && size > 0))
    throw new ShapeError(
      `split: sizes is ${typeof sizes === 'number' ? sizes : `[${sizes.join(',')}]`} for axis ${axis} of x ${describe(x)}, expected parts that fill the extent ${extent}.`,
    );
  let begin = 0;
  return parts.map((size) => partOf(x, at, (begin += size) - size, size));
}

/**
 * The tensors along an axis, without it: the inverse of `stack`.
 *
 * Shapes: x [K,…] → K tensors […], for axis 0. Throws: ShapeError if x has no such axis.
 */
export function unstack(x: Tensor, axis = 0): Tensor[] {
  checkTensors('unstack', { x });
  checkArgument('unstack', 'axis', axis, integerRule);
  const at = axisOf('unstack', x, axis);
  const shape = x.shape.toSpliced(at, 1);
  return Array.from({ length: x.shape[at]! }, (_, i) => reshape(partOf(x, at, i, 1), shape));
}
