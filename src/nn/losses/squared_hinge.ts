/** The squared hinge loss. */
import { square } from '../../kernels/arithmetic.js';
import { hingeOf } from './hinge.js';
import type { Loss } from './loss.js';
import { registerLosses } from './registry.js';
import { perSampleLoss } from './per_sample.js';

/**
 * The squared hinge loss: of a sample, mean max(1 − target · output, 0)². Targets are −1 and 1, or 0 and 1.
 *
 * Shapes: output [N,…], target like the output.
 */
export function squaredHinge(): Loss {
  return perSampleLoss({
    name: 'squaredHinge',
    perSample: (output, target) => square(hingeOf(output, target)),
  });
}

registerLosses({ squaredHinge });
