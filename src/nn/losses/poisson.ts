/** The negative log-likelihood of counts. */
import { log, multiply, scale, subtract } from '../../kernels/arithmetic.js';
import { epsilon } from './elementary.js';
import type { Loss } from './loss.js';
import { registerLosses } from './registry.js';
import { perSampleLoss } from './per_sample.js';

/**
 * The Poisson loss: of a sample, mean output − target · log(output + 10⁻⁷), for outputs that are expected counts.
 *
 * Shapes: output [N,…], not negative, target like the output.
 */
export function poisson(): Loss {
  return perSampleLoss({
    name: 'poisson',
    perSample: (output, target) => subtract(output, multiply(target, log(scale(output, 1, epsilon)))),
  });
}

registerLosses({ poisson });
