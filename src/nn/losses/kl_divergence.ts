/** The Kullback–Leibler divergence of two distributions. */
import { divide, log, multiply } from '../../kernels/arithmetic.js';
import { clip } from '../../kernels/extremes.js';
import { sum } from '../../kernels/sum.js';
import { epsilon } from './elementary.js';
import type { Loss } from './loss.js';
import { registerLosses } from './registry.js';
import { perSampleLoss } from './per_sample.js';

/**
 * The Kullback–Leibler divergence: Σ_k target · log(target / output) over the classes k, the last axis. Both are probabilities,
 * clipped to [10⁻⁷, 1].
 *
 * Shapes: output [N,…,K], target like the output. Units: nats.
 */
export function klDivergence(): Loss {
  return perSampleLoss({
    name: 'klDivergence',
    perSample: (output, target) => {
      const [p, q] = [clip(target, epsilon, 1), clip(output, epsilon, 1)];
      return sum(multiply(p, log(divide(p, q))), { axis: -1 });
    },
  });
}

registerLosses({ klDivergence });
