/** The mean absolute error relative to the target. */
import { divide, scale, subtract } from '../../kernels/arithmetic.js';
import { absolute, atLeast, epsilon } from './elementary.js';
import type { Loss } from './loss.js';
import { registerLosses } from './registry.js';
import { perSampleLoss } from './per_sample.js';

/**
 * The mean absolute percentage error: of a sample, 100 · mean |target − output| / max(|target|, 10⁻⁷).
 *
 * Shapes: output [N,…], target like the output. Units: per cent.
 */
export function meanAbsolutePercentageError(): Loss {
  return perSampleLoss({
    name: 'meanAbsolutePercentageError',
    perSample: (output, target) =>
      scale(divide(absolute(subtract(target, output)), atLeast(absolute(target), epsilon)), 100),
  });
}

registerLosses({ meanAbsolutePercentageError });
