/** Cross-entropy of distributions over classes. */
import type { Tensor } from '../../engine/tensor.js';
import { checkCall } from '../../calls.js';
import { divide, log, multiply, negate } from '../../kernels/arithmetic.js';
import { clip } from '../../kernels/extremes.js';
import { logSoftmax } from '../../kernels/log_softmax.js';
import { softmax } from '../../kernels/softmax.js';
import { sum } from '../../kernels/sum.js';
import { type Rules, flag, within } from '../../options.js';
import { epsilon, smoothed } from './elementary.js';
import type { Loss } from './loss.js';
import { registerLosses } from './registry.js';
import { activated } from './activated.js';
import { perSampleLoss } from './per_sample.js';

export interface CategoricalCrossentropyOptions {
  /** Whether outputs are logits; false: probabilities. Default: probabilities if a softmax computes them, otherwise logits. */
  readonly fromLogits?: boolean;
  /** The share s of each target that is spread over all K classes: (1 − s) · target + s / K. Default 0. */
  readonly labelSmoothing?: number;
}

export const crossentropyRules = (): Rules<CategoricalCrossentropyOptions> => ({
  fromLogits: flag,
  labelSmoothing: within(0, 1),
});

/**
 * The cross-entropy of distributions over classes, such as one-hot vectors: −Σ_k target · log p over the classes k, the last axis.
 *
 * If a softmax computes the output, its logits are used, which are exact where probabilities vanish. Other probabilities are
 * divided by their sum and clipped to [10⁻⁷, 1 − 10⁻⁷], as in Keras.
 * Shapes: output [N,…,K], target like the output. Units: nats. Throws: UsageError for options out of range.
 */
export function categoricalCrossentropy(options: CategoricalCrossentropyOptions = {}): Loss {
  checkCall('losses.categoricalCrossentropy', options, crossentropyRules);
  const { fromLogits, labelSmoothing } = options;
  return perSampleLoss({
    name: 'categoricalCrossentropy',
    guessing: (outputShape) => Math.log(outputShape.at(-1) ?? 1),
    activation: 'softmax',
    probabilities: (output) => (activated('softmax', output, fromLogits).isLogits ? softmax(output) : output),
    perSample: (output, target) => {
      const smooth = smoothed(target, labelSmoothing, output.shape.at(-1) as number);
      return negate(sum(multiply(smooth, logProbabilities(output, fromLogits)), { axis: -1 }));
    },
  });
}

/** log p over the last axis. */
export function logProbabilities(output: Tensor, fromLogits: boolean | undefined): Tensor {
  const { logits } = activated('softmax', output, fromLogits);
  if (logits) return logSoftmax(logits);
  const shares = divide(output, sum(output, { axis: -1, keepDims: true }));
  return log(clip(shares, epsilon, 1 - epsilon));
}

registerLosses({ categoricalCrossentropy });
