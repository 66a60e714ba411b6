/** The kernels that only models with several trained outputs need. */
import type { concatenate } from '../../kernels/concatenate.js';
import type { labelGather } from '../../kernels/label_gather.js';
import { part } from '../part.js';

export interface SeveralOutputs {
  readonly concatenate: typeof concatenate;
  readonly labelGather: typeof labelGather;
}

/** What makes or loads such models provides it. */
export const severalOutputs = part<SeveralOutputs>(
  'model: a second trained output',
  'model() or loadModel()',
);
