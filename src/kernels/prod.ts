/** The product over axes: halves of the axis, multiplied by each other until one element is left. */
import type { Tensor } from '../engine/tensor.js';
import { multiply } from './arithmetic.js';
import { reshape } from './reshape.js';
import { partOf } from './slice.js';
import { type AxisRun, type ReduceOptions, aroundAxes, reduceRuns, withoutAxes } from './sum.js';

function productOver(x: Tensor, run: AxisRun): Tensor {
  const { outer, reduced, inner } = aroundAxes(x.shape, run);
  const part = (y: Tensor, begin: number, size: number): Tensor => partOf(y, 1, begin, size);
  let y = reshape(x, [outer, reduced, inner]);
  const remainders: Tensor[] = [];
  for (let n = reduced; n > 1; n >>= 1) {
    const half = n >> 1;
    if (n > 2 * half) remainders.push(part(y, n - 1, 1));
    y = multiply(part(y, 0, half), part(y, half, half));
  }
  return reshape(
    remainders.reduce((product, each) => multiply(product, each), y),
    withoutAxes(x.shape, run),
  );
}

/**
 * The product over axes, in about log₂ n steps of n elements; so many roundings has each result.
 *
 *   y = Π x
 *
 * The gradient of an element is the product of the others, right with any number of zeros among them, as in PyTorch.
 * Shapes: x any → y without the reduced axes (or with them as 1).
 * Throws: ShapeError for an axis that x does not have.
 */
export function prod(x: Tensor, options: ReduceOptions = {}): Tensor {
  return reduceRuns('prod', x, options, productOver);
}
