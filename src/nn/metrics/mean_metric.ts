/** Metrics that are means over the samples. */
import type { Tensor } from '../../engine/tensor.js';
import { UsageError } from '../../errors.js';
import { fill } from '../../kernels/arithmetic.js';
import { mean } from '../../kernels/mean.js';
import { type LossFunction, resultOf } from '../losses/from_function.js';
import type { Loss } from '../losses/loss.js';
import type { Metric, MetricBatch } from './metric.js';

/** A function of a batch, as for a loss, that returns a value of each sample. Its name is that in the logs. */
export type MetricFunction = LossFunction;

/** The mean of a value of each sample. Shape of the values: [N,…]; their mean over the other axes is the value of a sample. */
export function meanMetric(
  name: string,
  of: (batch: MetricBatch) => Tensor,
  figure: (mean: number) => number = (each) => each,
): Metric<'total' | 'count'> {
  return {
    name,
    sums: () => ({ total: 1, count: 1 }),
    record: (batch) => {
      const values = of(batch);
      const axis = values.shape.map((_, each) => each).slice(1);
      const total = axis.length === 0 ? values : mean(values, { axis });
      return { total, count: fill(values.shape.slice(0, 1), 1) };
    },
    value: ({ total, count }) => figure(total[0]! / count[0]!),
  };
}

/** The mean of a loss without weights. Throws: UsageError for a loss that has no value for each sample. */
export function metricFromLoss({ name, perSample }: Loss): Metric {
  if (!perSample)
    throw new UsageError(`compile: the loss ${name} has no value for each sample, which a metric needs.`);
  return meanMetric(name, ({ output, target }) => perSample(output, target));
}

/** `name` is that of the function in messages. Throws: UsageError for a function without a name. */
export function metricFromFunction(name: string, fn: MetricFunction): Metric {
  if (fn.name === '')
    throw new UsageError(
      `compile: ${name} is a function without a name, which the logs need; give it one, as in 'const closeness = (target, prediction) => …'.`,
    );
  return meanMetric(fn.name, ({ output, target }) => {
    const values = resultOf(name, fn, target, output);
    if (values.shape.length > 0) return values;
    throw new UsageError(
      `compile: ${name} returned one number for the batch, expected a tensor with the value of each sample.`,
    );
  });
}
