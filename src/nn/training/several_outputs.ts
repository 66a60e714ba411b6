/**
 * The kernels that only models with several trained outputs need. What makes or loads such models registers them, so that a
 * bundle whose models have one output contains neither.
 */
import { StateError } from '../../errors.js';
import type { concatenate } from '../../kernels/concatenate.js';
import type { labelGather } from '../../kernels/label_gather.js';

export interface SeveralOutputs {
  readonly concatenate: typeof concatenate;
  readonly labelGather: typeof labelGather;
}

let registered: SeveralOutputs | undefined;

export function registerSeveralOutputs(kernels: SeveralOutputs): void {
  registered = kernels;
}

/** Throws: StateError if none are registered. */
export function severalOutputs(): SeveralOutputs {
  if (!registered)
    throw new StateError(
      'model: several trained outputs need a model made by model(), or loaded by loadModel() or modelFromFile().',
    );
  return registered;
}
