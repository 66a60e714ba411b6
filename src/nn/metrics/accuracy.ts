/** The share of right answers. */
import { checkCall } from '../../calls.js';
import type { Tensor } from '../../engine/tensor.js';
import { argMax } from '../../kernels/arg_max.js';
import { equal, greater } from '../../kernels/comparison.js';
import { type Rules, finite } from '../../options.js';
import { alike } from '../losses/per_sample.js';
import { hits } from '../losses/hits.js';
import { meanMetric } from './mean_metric.js';
import type { Metric, MetricBatch } from './metric.js';
import { registerMetrics } from './registry.js';

const sparse = ({ output, target }: MetricBatch): Tensor => hits(output, target);

const categorical = ({ output, target }: MetricBatch): Tensor => hits(output, argMax(target, { axis: -1 }));

const binary =
  (threshold: number) =>
  ({ probabilities, target }: MetricBatch): Tensor =>
    equal(greater(probabilities, threshold), greater(alike('binaryAccuracy', target, probabilities), 0.5));

/**
 * The share of right answers: `sparseCategoricalAccuracy` for labels, `binaryAccuracy` for outputs of one value and after
 * `binaryCrossentropy` of other than a softmax, otherwise `categoricalAccuracy`.
 */
export function accuracy(): Metric {
  return meanMetric('accuracy', (batch) => {
    if (batch.target.dtype === 'u32') return sparse(batch);
    return batch.isBinary ? binary(0.5)(batch) : categorical(batch);
  });
}

export interface BinaryAccuracyOptions {
  /** A probability above it is a yes. Default 0.5. */
  readonly threshold?: number;
}

const rules = (): Rules<BinaryAccuracyOptions> => ({ threshold: finite });

/**
 * The share of values that are right as yes or no: probabilities above the threshold, targets above 0.5. If the loss takes the
 * output as logits, their sigmoid is compared.
 *
 * Shapes: output [N,…], target like the output. Throws: UsageError for options out of range.
 */
export function binaryAccuracy(options: BinaryAccuracyOptions = {}): Metric {
  checkCall('metrics.binaryAccuracy', options, rules);
  return meanMetric('binaryAccuracy', binary(options.threshold ?? 0.5));
}

/** The share of samples whose largest output is that of the label. Shapes: output [N,…,K], target labels [N,…]. */
export function sparseCategoricalAccuracy(): Metric {
  return meanMetric('sparseCategoricalAccuracy', sparse);
}

/** The share of samples whose largest output is at the place of the largest target. Shapes: output and target [N,…,K]. */
export function categoricalAccuracy(): Metric {
  return meanMetric('categoricalAccuracy', categorical);
}

registerMetrics({ accuracy, binaryAccuracy, categoricalAccuracy, sparseCategoricalAccuracy });
