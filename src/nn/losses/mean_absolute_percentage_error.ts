/** The mean abs error relative to the target. */
import { divide, scale, subtract } from '../../kernels/arithmetic.js';
import { maximum } from '../../kernels/extremes.js';
import { abs } from '../../kernels/rounding.js';
import { epsilon } from './elementary.js';
import type { Loss } from './loss.js';
import { registerLosses } from './registry.js';
import { perSampleLoss } from './per_sample.js';

/**
 * The mean abs percentage error: of a sample, 100 · mean |target − output| / max(|target|, 10⁻⁷).
 *
 * Shapes: output [N,…], target like the output. Units: per cent.
 */
export function meanAbsolutePercentageError(): Loss {
  return perSampleLoss({
    name: 'meanAbsolutePercentageError',
    perSample: (output, target) =>
      scale(divide(abs(subtract(target, output)), maximum(abs(target), epsilon)), 100),
  });
}

registerLosses({ meanAbsolutePercentageError });
