/** The extensions of tasks, if an entry of the library has registered them: so a bundle without them is smaller. */
import { StateError } from '../errors.js';
import type { taskExtensions } from './task_extensions.js';

type TaskExtensions = typeof taskExtensions;

let registered: TaskExtensions | undefined;

export function registerTaskExtensions(extensions: TaskExtensions): void {
  registered = extensions;
}

/** Throws: StateError if none are registered. */
export function extensionsOfTasks(): TaskExtensions {
  if (!registered) throw new StateError('compile: metrics and functions need an entry of the library.');
  return registered;
}
