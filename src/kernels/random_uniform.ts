/** Uniform numbers of a seed, the same bits on every device. */
import type { Shape } from '../engine/primitive.js';
import type { Tensor } from '../engine/tensor.js';
import { type RandomOptions, draw, randomOp } from './random_op.js';

export const randomUniformOp = randomOp('random_uniform', [], (words) => `uniform_from(${words}.x)`);

/**
 * Numbers in [0, 1), multiples of 2⁻²⁴ that are all equally likely, drawn for this step.
 *
 * Shapes: state the step's state → y [N,…] of this shape. `stream` and `isMicroBatch` as in `randomNormal`.
 * Throws: ShapeError for another shape; UsageError for options out of range. Source: Jarzynski and Olano 2020.
 */
export function randomUniform(shape: Shape, options: RandomOptions): Tensor {
  return draw('randomUniform', randomUniformOp, shape, options);
}
