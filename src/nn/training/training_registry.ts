/** Training, which every optimizer registers: a bundle that only predicts contains neither. */
import { StateError } from '../../errors.js';
import type { train } from './training.js';

type Train = typeof train;

let registered: Train | undefined;

export function registerTraining(training: Train): void {
  registered = training;
}

/** Throws: StateError if the program imports no optimizer of the library. */
export function registeredTraining(): Train {
  if (!registered)
    throw new StateError(
      "fit: training is not loaded, because the program imports no optimizer; import one of 'shadegrad', or its defineOptimizer.",
    );
  return registered;
}
