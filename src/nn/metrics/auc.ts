/** The area under the curve of true against false positives. */
import { checkCall } from '../../calls.js';
import type { Tensor } from '../../engine/tensor.js';
import { fill, multiply, scale, subtract } from '../../kernels/arithmetic.js';
import { greater } from '../../kernels/comparison.js';
import { linspace } from '../../kernels/linspace.js';
import { reshape } from '../../kernels/reshape.js';
import { atLabels } from '../../kernels/softmax_cross_entropy.js';
import { sum } from '../../kernels/sum.js';
import { type Rules, integer } from '../../options.js';
import { alike } from '../losses/per_sample.js';
import { ratio } from './class_counts.js';
import type { Metric } from './metric.js';
import { registerMetrics } from './registry.js';

export interface AucOptions {
  /** The thresholds that approximate the curve, from 0 to 1. Default 200. */
  readonly numThresholds?: number;
}

const rules = (): Rules<AucOptions> => ({ numThresholds: integer(2, 10_000) });

type Sum = 'truePositives' | 'falsePositives' | 'positives' | 'negatives';

/**
 * The area under the receiver operating characteristic, by the trapezoidal rule over thresholds at equal distances, as in Keras. All
 * classes are counted together, each against the others.
 *
 * Shapes: probabilities [N,…,K], or logits if the loss takes them, target labels [N] or like the output.
 * Throws: UsageError for options out of range.
 */
export function auc(options: AucOptions = {}): Metric<Sum> {
  checkCall('metrics.auc', options, rules);
  const { numThresholds = 200 } = options;
  // Everything exceeds the first threshold, and nothing the last.
  const inner = numThresholds - 2;
  return {
    name: 'auc',
    sums: () => ({
      truePositives: Math.max(inner, 1),
      falsePositives: Math.max(inner, 1),
      positives: 1,
      negatives: 1,
    }),
    record: ({ probabilities, target }) => {
      const N = probabilities.shape[0] as number;
      const isYes =
        target.dtype === 'u32'
          ? atLabels(fill(probabilities.shape, 1), target)
          : greater(alike('auc', target, probabilities), 0.5);
      const yes = reshape(isYes, [N, -1, 1]);
      const step = 1 / (numThresholds - 1);
      const thresholds = linspace(step, Math.max(step, 1 - step), Math.max(inner, 1));
      const predicted = greater(reshape(probabilities, [N, -1, 1]), thresholds);
      const ofSample = (x: Tensor): Tensor => sum(x, { axis: 1 });
      const truePositives = ofSample(multiply(predicted, yes));
      return {
        truePositives,
        falsePositives: subtract(ofSample(predicted), truePositives),
        positives: ofSample(yes),
        negatives: ofSample(scale(yes, -1, 1)),
      };
    },
    value: ({ truePositives, falsePositives, positives, negatives }) => {
      const points = truePositives.slice(0, inner).map((right, i) => ({
        x: ratio(falsePositives[i]!, negatives[0]!),
        y: ratio(right, positives[0]!),
      }));
      const [some, none] = [
        { x: ratio(negatives[0]!, negatives[0]!), y: ratio(positives[0]!, positives[0]!) },
        { x: 0, y: 0 },
      ];
      const curve = [some, ...points, none];
      const area = curve
        .slice(1)
        .reduce((sum, { x, y }, i) => sum + ((curve[i]!.x - x) * (curve[i]!.y + y)) / 2, 0);
      // The sum of a perfect curve may round to more than 1.
      return Math.min(1, area);
    },
  };
}

registerMetrics({ auc });
