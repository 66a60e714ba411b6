/** The hinge loss between the right class and the best wrong one. */
import { multiply, scale, subtract } from '../../kernels/arithmetic.js';
import { max } from '../../kernels/max.js';
import { relu } from '../../kernels/relu.js';
import { sum } from '../../kernels/sum.js';
import type { Loss } from './loss.js';
import { registerLosses } from './registry.js';
import { perSampleLoss } from './per_sample.js';

/**
 * The categorical hinge loss: max(max_k (1 − target) · output − Σ_k target · output + 1, 0) over the classes k, the last axis.
 *
 * Shapes: output [N,…,K], target like the output, one-hot.
 */
export function categoricalHinge(): Loss {
  return perSampleLoss({
    name: 'categoricalHinge',
    perSample: (output, target) => {
      const right = sum(multiply(target, output), { axis: -1 });
      const wrong = max(multiply(scale(target, -1, 1), output), { axis: -1 });
      return relu(scale(subtract(wrong, right), 1, 1));
    },
  });
}

registerLosses({ categoricalHinge });
