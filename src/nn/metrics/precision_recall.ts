/** Precision, recall, their mean, and accuracy where classes are of unequal size. */
import { checkCall } from '../../calls.js';
import { fill } from '../../kernels/arithmetic.js';
import { type Rules, finite, oneOf } from '../../options.js';
import {
  type Average,
  type ClassCount,
  averageOf,
  classCounts,
  classSums,
  classesOf,
  ratio,
  total,
} from './class_counts.js';
import type { Metric } from './metric.js';
import { registerMetrics } from './registry.js';

export interface ClassMetricOptions {
  /**
   * A class is predicted if its probability exceeds it. Default: the class of the largest output is; of binary outputs those above
   * 0.5.
   */
  readonly threshold?: number;
  /**
   * The mean over the classes that occur, or 'micro' for all classes together. Default 'macro'. Keras's precision and recall are
   * those of `{ threshold: 0.5, average: 'micro' }`.
   */
  readonly average?: Average;
}

const rules = (): Rules<ClassMetricOptions> => ({ threshold: finite, average: oneOf(['macro', 'micro']) });

function classMetric(
  name: string,
  { threshold, average = 'macro' }: ClassMetricOptions,
  share: (counts: Readonly<Record<ClassCount, number>>) => number,
): Metric<ClassCount> {
  return {
    name,
    sums: classSums,
    record: (batch) => classCounts(name, batch, threshold),
    value: (sums) => averageOf(sums, average, share),
  };
}

/**
 * Of what was predicted as a class, the share that is of it; 0 for a class that was never predicted.
 *
 * Shapes: output [N,K] or [N,…,K], target labels [N] or like the output. Throws: UsageError for options out of range.
 */
export function precision(options: ClassMetricOptions = {}): Metric<ClassCount> {
  checkCall('metrics.precision', options, rules);
  return classMetric('precision', options, ({ truePositives, predictedPositives }) =>
    ratio(truePositives, predictedPositives),
  );
}

/**
 * Of what is of a class, the share that was predicted as it; 0 for a class that does not occur.
 *
 * Shapes: as of `precision`. Throws: UsageError for options out of range.
 */
export function recall(options: ClassMetricOptions = {}): Metric<ClassCount> {
  checkCall('metrics.recall', options, rules);
  return classMetric('recall', options, ({ truePositives, actualPositives }) =>
    ratio(truePositives, actualPositives),
  );
}

/**
 * The harmonic mean of precision and recall: 2 · true positives / (predicted + actual positives).
 *
 * Shapes: as of `precision`. Throws: UsageError for options out of range.
 */
export function f1Score(options: ClassMetricOptions = {}): Metric<ClassCount> {
  checkCall('metrics.f1Score', options, rules);
  return classMetric('f1Score', options, ({ truePositives, predictedPositives, actualPositives }) =>
    ratio(2 * truePositives, predictedPositives + actualPositives),
  );
}

/**
 * The mean recall of the classes that occur; for one binary output, of yes and no. Unlike accuracy, it does not rise when the
 * largest class is predicted always.
 *
 * Shapes: as of `precision`.
 */
export function balancedAccuracy(): Metric<ClassCount | 'count'> {
  return {
    name: 'balancedAccuracy',
    sums: (outputShape) => ({ ...classSums(outputShape), count: 1 }),
    record: (batch) => {
      const { output } = batch;
      const N = output.shape[0] as number;
      const perSample = output.size / N / classesOf(output.shape.slice(1));
      return { ...classCounts('balancedAccuracy', batch), count: fill([N], perSample) };
    },
    value: ({ truePositives, predictedPositives, actualPositives, count }) => {
      const shares = truePositives.map((right, k) => ({ right, of: actualPositives[k]! }));
      if (shares.length === 1) {
        const [right, predicted, actual] = [truePositives[0]!, predictedPositives[0]!, actualPositives[0]!];
        shares.push({ right: count[0]! - predicted - actual + right, of: count[0]! - actual });
      }
      const found = shares.filter((share) => share.of > 0);
      return ratio(total(found.map((share) => share.right / share.of)), found.length);
    },
  };
}

registerMetrics({ balancedAccuracy, f1Score, precision, recall });
