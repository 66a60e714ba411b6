/** The margin between the right class and each of the others. */
import { checkCall } from '../../calls.js';
import { scale, square, subtract } from '../../kernels/arithmetic.js';
import { relu } from '../../kernels/relu.js';
import { atLabels } from '../../kernels/softmax_cross_entropy.js';
import { sum } from '../../kernels/sum.js';
import { type Rules, finite, rule } from '../../options.js';
import type { Loss } from './loss.js';
import { registerLosses } from './registry.js';
import { perSampleLoss } from './per_sample.js';

export interface MultiMarginOptions {
  /** By how much the output of the right class should exceed the others. Default 1. */
  readonly margin?: number;
  /** The exponent. Default 1. */
  readonly p?: 1 | 2;
}

const rules = (): Rules<MultiMarginOptions> => ({
  margin: finite,
  p: rule('1 or 2', (value) => value === 1 || value === 2),
});

/**
 * The multi-class margin loss: Σ max(margin − output[label] + output[k], 0)ᵖ / K over the classes k that are not the label. PyTorch's
 * MultiMarginLoss.
 *
 * Shapes: output [N,K], target labels [N]. Throws: UsageError for options out of range.
 */
export function multiMargin(options: MultiMarginOptions = {}): Loss {
  checkCall('losses.multiMargin', options, rules);
  const { margin = 1, p = 1 } = options;
  return perSampleLoss({
    name: 'multiMargin',
    target: 'labels',
    perSample: (output, labels) => {
      const right = sum(atLabels(output, labels), { axis: -1, keepDims: true });
      const missing = relu(scale(subtract(output, right), 1, margin));
      const all = sum(p === 2 ? square(missing) : missing, { axis: -1 });
      // The label's own term is that of no difference.
      return scale(all, 1 / output.shape[1]!, -(Math.max(margin, 0) ** p) / output.shape[1]!);
    },
  });
}

registerLosses({ multiMargin });
