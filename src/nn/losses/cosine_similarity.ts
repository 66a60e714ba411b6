/** The cosine of the angle between target and output, with Keras's sign. */
import type { Tensor } from '../../engine/tensor.js';
import { divide, multiply, negate, sqrt, square } from '../../kernels/arithmetic.js';
import { maximum } from '../../kernels/extremes.js';
import { sum } from '../../kernels/sum.js';
import { epsilon } from './elementary.js';
import type { Loss } from './loss.js';
import { registerLosses } from './registry.js';
import { perSampleLoss } from './per_sample.js';

/**
 * The negative cosine similarity: −Σ_k target · output / (|target| · |output|) over the last axis. −1 is the same direction, 1 the
 * opposite one. Lengths below 10⁻⁷ count as 10⁻⁷.
 *
 * Shapes: output [N,…,K], target like the output.
 */
export function cosineSimilarity(): Loss {
  return perSampleLoss({
    name: 'cosineSimilarity',
    perSample: (output, target) => negate(cosine(output, target)),
  });
}

/** The cosine over the last axis. */
export function cosine(a: Tensor, b: Tensor): Tensor {
  const product = sum(multiply(a, b), { axis: -1 });
  return divide(product, multiply(lengthOf(a), lengthOf(b)));
}

/** At least epsilon, where the gradient is 0. */
function lengthOf(x: Tensor): Tensor {
  return sqrt(maximum(sum(square(x), { axis: -1 }), epsilon ** 2));
}

registerLosses({ cosineSimilarity });
