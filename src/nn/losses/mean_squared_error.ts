/** The mean squared error. */
import { square, subtract } from '../../kernels/arithmetic.js';
import type { Loss } from './loss.js';
import { registerLosses } from './registry.js';
import { perSampleLoss } from './per_sample.js';

/**
 * The mean squared error: of a sample, mean (target − output)².
 *
 * Shapes: output [N,…], target like the output. Units: those of the output, squared.
 */
export function meanSquaredError(): Loss {
  return perSampleLoss({
    name: 'meanSquaredError',
    perSample: (output, target) => square(subtract(target, output)),
  });
}

registerLosses({ meanSquaredError });
