/** The mean abs error. */
import { subtract } from '../../kernels/arithmetic.js';
import { abs } from '../../kernels/rounding.js';
import type { Loss } from './loss.js';
import { registerLosses } from './registry.js';
import { perSampleLoss } from './per_sample.js';

/**
 * The mean abs error: of a sample, mean |target − output|. The gradient is 0 where they are equal.
 *
 * Shapes: output [N,…], target like the output. Units: those of the output.
 */
export function meanAbsoluteError(): Loss {
  return perSampleLoss({
    name: 'meanAbsoluteError',
    perSample: (output, target) => abs(subtract(target, output)),
  });
}

registerLosses({ meanAbsoluteError });
