/** Whether the right class is among the most probable ones. */
import { checkCall } from '../../calls.js';
import { argMax } from '../../kernels/arg_max.js';
import { greater, less } from '../../kernels/comparison.js';
import { reshape } from '../../kernels/reshape.js';
import { atLabels } from '../../kernels/softmax_cross_entropy.js';
import { sum } from '../../kernels/sum.js';
import { type Rules, count } from '../../options.js';
import { alike } from '../losses/per_sample.js';
import { classesOf } from './class_counts.js';
import { meanMetric } from './mean_metric.js';
import type { Metric } from './metric.js';
import { registerMetrics } from './registry.js';

export interface TopKOptions {
  /** Default 5. */
  readonly k?: number;
}

const rules = (): Rules<TopKOptions> => ({ k: count });

/**
 * The share of samples of which fewer than k classes have a larger output than the right one.
 *
 * Shapes: output [N,K], target labels [N]; or [N,…,K], target like the output, whose largest value is the right class.
 * Throws: UsageError for options out of range.
 */
export function topKCategoricalAccuracy(options: TopKOptions = {}): Metric {
  checkCall('metrics.topKCategoricalAccuracy', options, rules);
  const { k = 5 } = options;
  return meanMetric('topKCategoricalAccuracy', ({ output, target }) => {
    const K = classesOf(output.shape);
    const scores = reshape(output, [-1, K]);
    const labels =
      target.dtype === 'u32'
        ? target
        : argMax(reshape(alike('topKCategoricalAccuracy', target, output), [-1, K]), { axis: -1 });
    const right = sum(atLabels(scores, labels), { axis: -1, keepDims: true });
    const isTop = less(sum(greater(scores, right), { axis: -1 }), k);
    return reshape(isTop, output.shape.slice(0, -1));
  });
}

registerMetrics({ topKCategoricalAccuracy });
