/**
 * What only data other than images with labels needs: arrays, tensors and batches from an iterable. The library registers it
 * (all_data.ts); the page, whose data are images, contains none of it.
 */
import type { labelGather } from '../kernels/label_gather.js';
import type { rowGather } from '../kernels/row_gather.js';
import type { SampleSet } from './columns.js';
import type { TrainableModel } from './trainable_model.js';

/** What a model says about its samples. */
export type ModelOfSet = Pick<TrainableModel, 'inputs' | 'device' | 'task'>;

export interface AnyData {
  /** See array_samples.ts. */
  readonly inputSet: (who: string, samples: unknown, model: ModelOfSet) => SampleSet;
  readonly labelledSet: (who: string, samples: unknown, model: ModelOfSet) => SampleSet | Promise<SampleSet>;
  readonly labelGather: typeof labelGather;
  readonly rowGather: typeof rowGather;
}

let registered: AnyData | undefined;

export function registerAnyData(data: AnyData): void {
  registered = data;
}

/** Undefined if it is not registered. */
export const anyData = (): AnyData | undefined => registered;
