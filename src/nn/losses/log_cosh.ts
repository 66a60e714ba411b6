/** The logarithm of the hyperbolic cosine of the error. */
import { add, scale, subtract } from '../../kernels/arithmetic.js';
import { softplus } from './elementary.js';
import type { Loss } from './loss.js';
import { registerLosses } from './registry.js';
import { perSampleLoss } from './per_sample.js';

/**
 * The logarithm of the hyperbolic cosine: of a sample, mean log cosh(output − target). About e² / 2 for small errors and
 * |e| − log 2 for large ones, of any size.
 *
 * Shapes: output [N,…], target like the output.
 */
export function logCosh(): Loss {
  return perSampleLoss({
    name: 'logCosh',
    perSample: (output, target) => {
      const error = subtract(output, target);
      return scale(add(error, softplus(scale(error, -2))), 1, -Math.LN2);
    },
  });
}

registerLosses({ logCosh });
