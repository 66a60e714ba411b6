/** Augmentation of a model's inputs, apart from inputs.ts, so that a bundle that only predicts does not contain it. */
import type { AugmentOptions } from '../../augment_options.js';
import { augmentBatch } from '../../kernels/augment.js';
import type { Augment } from '../network/inputs.js';

/** Undefined without options. */
export function augmentedBy(options: AugmentOptions | null | undefined): Augment | undefined {
  return options ? (operands, range) => augmentBatch(operands, options, range) : undefined;
}
