/** What only metrics and losses from functions need. Optimizers register it: a bundle that only predicts does without. */
import { lossFromFunction } from '../losses/from_function.js';
import { TaskMetrics } from '../metrics/task_metrics.js';

export const taskExtensions = { lossFromFunction, TaskMetrics };
