/** What only metrics and losses from functions need. The entries of the library register it; the page does without. */
import { lossFromFunction } from './losses/from_function.js';
import { TaskMetrics } from './metrics/task_metrics.js';

export const taskExtensions = { lossFromFunction, TaskMetrics };
