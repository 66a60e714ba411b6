/** What only metrics and losses from functions need. Optimizers provide it: a bundle that only predicts does without. */
import type { lossFromFunction } from '../losses/from_function.js';
import type { mixedLoss } from '../losses/mixed.js';
import type { TaskMetrics } from '../metrics/task_metrics.js';
import { part } from '../part.js';

export interface TaskExtensions {
  readonly lossFromFunction: typeof lossFromFunction;
  readonly mixedLoss: typeof mixedLoss;
  readonly TaskMetrics: typeof TaskMetrics;
}

export const taskExtensions = part<TaskExtensions>(
  'compile: a metric or function',
  'an optimizer of the library',
);
