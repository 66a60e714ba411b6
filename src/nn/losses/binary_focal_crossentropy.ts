/** Cross-entropy of independent yes-or-no answers in which easy ones count less. */
import { checkCall } from '../../calls.js';
import { add, multiply, scale } from '../../kernels/arithmetic.js';
import { sigmoid } from '../../kernels/sigmoid.js';
import { type Rules, flag, notNegative, within } from '../../options.js';
import { activated } from './activated.js';
import {
  type BinaryCrossentropyOptions,
  binaryCrossentropy,
  binaryCrossentropyRules,
} from './binary_crossentropy.js';
import { focused, smoothed } from './elementary.js';
import type { Loss } from './loss.js';
import { registerLosses } from './registry.js';
import { perSampleLoss } from './per_sample.js';

export interface BinaryFocalCrossentropyOptions extends BinaryCrossentropyOptions {
  /** The exponent γ: 0 gives the cross-entropy. Default 2. */
  readonly gamma?: number;
  /** Whether the terms of yes are weighted by α, and those of no by 1 − α. Default false. */
  readonly applyClassBalancing?: boolean;
  /** α. Default 0.25. */
  readonly alpha?: number;
}

const rules = (): Rules<BinaryFocalCrossentropyOptions> => ({
  gamma: notNegative,
  applyClassBalancing: flag,
  alpha: within(0, 1),
  ...binaryCrossentropyRules(),
});

/**
 * The focal cross-entropy of yes-or-no answers: of a sample, mean (1 − q)^γ · crossentropy, where q = target · p +
 * (1 − target) · (1 − p) is the probability of the right answer.
 *
 * Shapes and options as of `binaryCrossentropy`. Units: nats. Throws: UsageError for options out of range.
 * Source: Lin et al. 2017; names and defaults as in Keras.
 */
export function binaryFocalCrossentropy(options: BinaryFocalCrossentropyOptions = {}): Loss {
  checkCall('losses.binaryFocalCrossentropy', options, rules);
  const { gamma = 2, applyClassBalancing = false, alpha = 0.25, ...plain } = options;
  const crossentropy = binaryCrossentropy(plain);
  return perSampleLoss({
    name: 'binaryFocalCrossentropy',
    activation: 'sigmoid',
    probabilities: crossentropy.probabilities!,
    perSample: (output, given) => {
      const target = smoothed(given, plain.labelSmoothing, 2);
      const { logits } = activated('sigmoid', output, plain.fromLogits);
      // 1 − σ(x) = σ(−x), without the digits that the difference would lose.
      const no = logits ? sigmoid(scale(logits, -1)) : scale(output, -1, 1);
      const yes = logits ? sigmoid(logits) : output;
      const wrong = add(multiply(target, no), multiply(scale(target, -1, 1), yes));
      const losses = crossentropy.perSample!(output, given);
      const focal = focused(losses, wrong, gamma);
      return applyClassBalancing ? multiply(focal, scale(target, 2 * alpha - 1, 1 - alpha)) : focal;
    },
  });
}

registerLosses({ binaryFocalCrossentropy });
