/** Cross-entropy of distributions over classes in which easy samples count less. */
import { checkCall } from '../../calls.js';
import { multiply, scale } from '../../kernels/arithmetic.js';
import { expm1 } from '../../kernels/exponentials.js';
import { sum } from '../../kernels/sum.js';
import { type Rules, notNegative } from '../../options.js';
import {
  type CategoricalCrossentropyOptions,
  categoricalCrossentropy,
  crossentropyRules,
  logProbabilities,
} from './categorical_crossentropy.js';
import { focused, smoothed } from './elementary.js';
import type { Loss } from './loss.js';
import { registerLosses } from './registry.js';
import { perSampleLoss } from './per_sample.js';

export interface CategoricalFocalCrossentropyOptions extends CategoricalCrossentropyOptions {
  /** The exponent γ: 0 gives α times the cross-entropy. Default 2. */
  readonly gamma?: number;
  /** The factor α. Default 0.25. */
  readonly alpha?: number;
}

const rules = (): Rules<CategoricalFocalCrossentropyOptions> => ({
  gamma: notNegative,
  alpha: notNegative,
  ...crossentropyRules(),
});

/**
 * The focal cross-entropy of distributions over classes: −Σ_k α · (1 − p)^γ · target · log p over the classes k, the last axis.
 *
 * Shapes and options as of `categoricalCrossentropy`. Units: nats. Throws: UsageError for options out of range.
 * Source: Lin et al. 2017; names and defaults as in Keras.
 */
export function categoricalFocalCrossentropy(options: CategoricalFocalCrossentropyOptions = {}): Loss {
  checkCall('losses.categoricalFocalCrossentropy', options, rules);
  const { gamma = 2, alpha = 0.25, ...plain } = options;
  return perSampleLoss({
    name: 'categoricalFocalCrossentropy',
    activation: 'softmax',
    probabilities: categoricalCrossentropy(plain).probabilities!,
    perSample: (output, given) => {
      const target = smoothed(given, plain.labelSmoothing, output.shape.at(-1) as number);
      const logs = logProbabilities(output, plain.fromLogits);
      const terms = multiply(target, logs);
      // 1 − p
      const wrong = scale(expm1(logs), -1);
      return scale(sum(focused(terms, wrong, gamma), { axis: -1 }), -alpha);
    },
  });
}

registerLosses({ categoricalFocalCrossentropy });
