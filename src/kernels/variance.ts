/** Variance and standard deviation over axes, in two passes. */
import { checkCall } from '../calls.js';
import { type Tensor, checkTensors } from '../engine/tensor.js';
import { ShapeError } from '../errors.js';
import { countOrZero } from '../options.js';
import { scale, sqrt, square, subtract } from './arithmetic.js';
import { type ReduceOptions, reduceRules, sumFor } from './sum.js';

export interface VarianceOptions extends ReduceOptions {
  /** Subtracted from the number of elements in the divisor, as in NumPy and PyTorch: 1 for samples. Default 0. */
  readonly correction?: number;
}

/**
 * The variance over axes.
 *
 *   y = Σ (x − μ)² / (n − correction), μ = Σ x / n
 *
 * The mean comes first, so that a large one costs no digits, as Σ x² / n − μ² would.
 * Shapes: x any → y without the reduced axes (or with them as 1).
 * Throws: ShapeError for an axis that x does not have, or for no more elements than the correction.
 */
export function variance(x: Tensor, options: VarianceOptions = {}): Tensor {
  return varianceFor('variance', x, options);
}

/** The standard deviation over axes: the root of `variance`. Its gradient is infinite or NaN where it is 0, as in PyTorch. */
export function std(x: Tensor, options: VarianceOptions = {}): Tensor {
  return sqrt(varianceFor('std', x, options));
}

function varianceFor(who: string, x: Tensor, options: VarianceOptions): Tensor {
  checkTensors(who, { x });
  checkCall(who, options, () => ({ ...reduceRules(), correction: countOrZero }));
  const { axis, keepDims = false, correction = 0 } = options;
  const axes = axis === undefined ? {} : { axis };
  const sums = sumFor(who, x, { ...axes, keepDims: true });
  const n = x.size / sums.size;
  if (n <= correction)
    throw new ShapeError(
      `${who}: correction is ${correction} for ${n} ${n === 1 ? 'element' : 'elements'}, expected fewer than the elements.`,
    );
  const centred = subtract(x, scale(sums, 1 / n));
  return scale(sumFor(who, square(centred), { ...axes, keepDims }), 1 / (n - correction));
}
