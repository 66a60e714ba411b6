/** Whether any, or all, elements over axes differ from 0. */
import { apply } from '../engine/op.js';
import { type Tensor, checkTensors } from '../engine/tensor.js';
import { notEqual } from './comparison.js';
import { maxOp } from './max.js';
import { minOp } from './min.js';
import { type ReduceOptions, reduceRuns } from './sum.js';

/**
 * y = 1 where any element over the axes differs from 0, otherwise 0, in f32; NaN differs from 0, as in NumPy. The gradient is 0.
 *
 * Shapes: x any → y without the reduced axes (or with them as 1). Throws: ShapeError for an axis that x does not have.
 */
export function any(x: Tensor, options: ReduceOptions = {}): Tensor {
  checkTensors('any', { x });
  return reduceRuns('any', notEqual(x, 0), options, (tensor, run) => apply(maxOp, { x: tensor }, run).y);
}

/** y = 1 where all elements over the axes differ from 0, otherwise 0; as `any`. */
export function all(x: Tensor, options: ReduceOptions = {}): Tensor {
  checkTensors('all', { x });
  return reduceRuns('all', notEqual(x, 0), options, (tensor, run) => apply(minOp, { x: tensor }, run).y);
}
