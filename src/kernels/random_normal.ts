/** Standard normal numbers of a seed, the same on every device up to the rounding of a logarithm and a cosine. */
import normalWgsl from '../../shaders/random/normal.wgsl';
import type { Shape } from '../engine/primitive.js';
import { registerShaders } from '../engine/shader.js';
import type { Tensor } from '../engine/tensor.js';
import { type RandomOptions, draw, randomOp } from './random_op.js';

registerShaders({ 'random/normal': normalWgsl });

export const randomNormalOp = randomOp('random_normal', ['random/normal'], (words) => {
  return `normal_from(${words}.x, ${words}.y)`;
});

/**
 * Numbers of mean 0 and variance 1, drawn for this step.
 *
 * Shapes: state the step's state → y [N,…] of this shape. `stream` distinguishes layers (see layerStream in src/random.ts). With
 * `isMicroBatch`, y belongs to a part of a batch, and each sample gets the numbers that it has in the whole batch. Of 2²⁴ equally
 * likely radii, the largest is 5.8. Throws: ShapeError for another shape; UsageError for options out of range.
 * Source: Box and Muller 1958.
 */
export function randomNormal(shape: Shape, options: RandomOptions): Tensor {
  return draw('randomNormal', randomNormalOp, shape, options);
}
