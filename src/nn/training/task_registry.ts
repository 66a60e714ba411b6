/** The extensions of tasks, which optimizers register: a bundle that only predicts contains none of them. */
import { StateError } from '../../errors.js';
import type { taskExtensions } from './task_extensions.js';

type TaskExtensions = typeof taskExtensions;

let registered: TaskExtensions | undefined;

export function registerTaskExtensions(extensions: TaskExtensions): void {
  registered = extensions;
}

/** Throws: StateError if none are registered. */
export function extensionsOfTasks(): TaskExtensions {
  if (!registered)
    throw new StateError(
      "compile: metrics and functions need an optimizer of the library; import one of 'shadegrad', or its defineOptimizer.",
    );
  return registered;
}
