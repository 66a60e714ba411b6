/** The hinge loss. */
import type { Tensor } from '../../engine/tensor.js';
import { multiply, scale } from '../../kernels/arithmetic.js';
import { relu } from '../../kernels/relu.js';
import type { Loss } from './loss.js';
import { registerLosses } from './registry.js';
import { perSampleLoss } from './per_sample.js';

/**
 * The hinge loss: of a sample, mean max(1 − target · output, 0). Targets are −1 and 1, or 0 and 1.
 *
 * Shapes: output [N,…], target like the output.
 */
export function hinge(): Loss {
  return perSampleLoss({ name: 'hinge', perSample: hingeOf });
}

/** max(1 − target · output, 0), with targets of 0 as −1. */
export function hingeOf(output: Tensor, target: Tensor): Tensor {
  const sign = scale(relu(target), 2, -1);
  return relu(scale(multiply(sign, output), -1, 1));
}

registerLosses({ hinge });
