/** Cross-entropy of independent yes-or-no answers. */
import { checkCall } from '../../calls.js';
import { add, log, multiply, negate, scale, subtract } from '../../kernels/arithmetic.js';
import { clip } from '../../kernels/extremes.js';
import { sigmoid } from '../../kernels/sigmoid.js';
import { type Rules, flag, within } from '../../options.js';
import { activated } from './activated.js';
import { epsilon, smoothed, softplus } from './elementary.js';
import type { Loss } from './loss.js';
import { registerLosses } from './registry.js';
import { perSampleLoss } from './per_sample.js';

export interface BinaryCrossentropyOptions {
  /** Whether outputs are logits; false: probabilities. Default: probabilities if a sigmoid or a softmax computes them, otherwise logits. */
  readonly fromLogits?: boolean;
  /** How far targets are moved towards 0.5: target · (1 − s) + s / 2. Default 0. */
  readonly labelSmoothing?: number;
}

export const binaryCrossentropyRules = (): Rules<BinaryCrossentropyOptions> => ({
  fromLogits: flag,
  labelSmoothing: within(0, 1),
});

/**
 * The cross-entropy of yes-or-no answers: of a sample, −mean (target · log p + (1 − target) · log(1 − p)).
 *
 * If a sigmoid computes the output, its logits are used, which are exact where p is near 0 or 1. Other probabilities are clipped to
 * [10⁻⁷, 1 − 10⁻⁷], as in Keras.
 * Shapes: output [N,…], target like the output, from 0 to 1. Units: nats. Throws: UsageError for options out of range.
 */
export function binaryCrossentropy(options: BinaryCrossentropyOptions = {}): Loss {
  checkCall('losses.binaryCrossentropy', options, binaryCrossentropyRules);
  const { fromLogits, labelSmoothing } = options;
  return perSampleLoss({
    name: 'binaryCrossentropy',
    guessing: () => Math.LN2,
    activation: 'sigmoid',
    probabilities: (output) => (activated('sigmoid', output, fromLogits).isLogits ? sigmoid(output) : output),
    perSample: (output, target) => {
      const smooth = smoothed(target, labelSmoothing, 2);
      const { logits } = activated('sigmoid', output, fromLogits);
      // −target · log σ(x) − (1 − target) · log(1 − σ(x)) = log(1 + eˣ) − target · x
      if (logits) return subtract(softplus(logits), multiply(smooth, logits));
      const p = clip(output, epsilon, 1 - epsilon);
      const yes = multiply(smooth, log(p));
      const no = multiply(scale(smooth, -1, 1), log(scale(p, -1, 1)));
      return negate(add(yes, no));
    },
  });
}

registerLosses({ binaryCrossentropy });
