/** The mean squared error of logarithms. */
import type { Tensor } from '../../engine/tensor.js';
import { square, subtract } from '../../kernels/arithmetic.js';
import { log1p } from '../../kernels/log1p.js';
import { maximum } from '../../kernels/extremes.js';
import { epsilon } from './elementary.js';
import type { Loss } from './loss.js';
import { registerLosses } from './registry.js';
import { perSampleLoss } from './per_sample.js';

/**
 * The mean squared logarithmic error: of a sample, mean (log(1 + target) − log(1 + output))². Values below 10⁻⁷ count as 10⁻⁷.
 *
 * Shapes: output [N,…], target like the output.
 */
export function meanSquaredLogarithmicError(): Loss {
  return perSampleLoss({
    name: 'meanSquaredLogarithmicError',
    perSample: (output, target) => square(subtract(logarithm(target), logarithm(output))),
  });
}

function logarithm(x: Tensor): Tensor {
  return log1p(maximum(x, epsilon));
}

registerLosses({ meanSquaredLogarithmicError });
