/** Mean errors. */
import { meanAbsoluteError as absoluteLoss } from '../losses/mean_absolute_error.js';
import { meanSquaredError as squaredLoss } from '../losses/mean_squared_error.js';
import { meanMetric, metricFromLoss } from './mean_metric.js';
import type { Metric } from './metric.js';
import { registerMetrics } from './registry.js';

/** mean |target − output|. Shapes: output [N,…], target like the output. */
export function meanAbsoluteError(): Metric {
  return metricFromLoss(absoluteLoss());
}

/** mean (target − output)². Shapes: output [N,…], target like the output. */
export function meanSquaredError(): Metric {
  return metricFromLoss(squaredLoss());
}

/** √ mean (target − output)², the root taken of the mean over all samples. Shapes: output [N,…], target like the output. */
export function rootMeanSquaredError(): Metric {
  const { perSample } = squaredLoss();
  return meanMetric('rootMeanSquaredError', ({ output, target }) => perSample!(output, target), Math.sqrt);
}

registerMetrics({ meanAbsoluteError, meanSquaredError, rootMeanSquaredError });
