/** The names of metrics, as in Keras, in camelCase. A loss, such as 'huber', is a metric too: its mean without weights. */
import type { LossName } from '../losses/names.js';
import type * as all from './index.js';

export type MetricName = keyof typeof all | LossName;
