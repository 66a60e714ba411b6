/** The mean over axes: a sum, scaled. */
import type { Tensor } from '../engine/tensor.js';
import { scale } from './arithmetic.js';
import { type ReduceOptions, sumFor } from './sum.js';

/**
 * The mean over axes.
 *
 *   y = Σ x / count
 *
 * Shapes: x any → y without the reduced axes (or with them as 1).
 * Throws: ShapeError for an axis that x does not have.
 */
export function mean(x: Tensor, options: ReduceOptions = {}): Tensor {
  const y = sumFor('mean', x, options);
  return scale(y, y.size / x.size);
}
