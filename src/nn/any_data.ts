/**
 * What only data other than images with labels needs: arrays, tensors and batches from an iterable. The library registers it
 * (all_data.ts); the page, whose data are images, contains none of it.
 */
import type { Device } from '../engine/device.js';
import type { Tensor } from '../engine/tensor.js';
import type { labelGather } from '../kernels/label_gather.js';
import type { rowGather } from '../kernels/row_gather.js';
import type { Position } from './checkpoint.js';
import type { SampleSet } from './columns.js';
import type { TrainableModel } from './trainable_model.js';

/** What a model says about its samples. */
export type ModelOfSet = Pick<TrainableModel, 'inputs' | 'device' | 'task'>;

export interface StreamOptions {
  /** Batches per epoch. Default: all. */
  readonly steps?: number | undefined;
  /** The most samples of a batch. Default: those of the first batch. */
  readonly batchSize?: number | undefined;
}

/** A set on the device with room for a batch. */
export interface BatchTarget {
  readonly device: Device;
  readonly columns: readonly { readonly parts: readonly Tensor[] }[];
  readonly permutation: Tensor;
}

/** Batches that are loaded one after another into one set on the device. See batch_stream.ts. */
export interface BatchSource {
  readonly batchSize: number;
  /** Whether the epoch has ended. */
  readonly isOver: boolean;
  /** Fetches the first batch; resolves with a set of its shape, and without its rows. */
  first(epoch: number): Promise<SampleSet>;
  /** Begins an epoch, after the batches that a resumed training has used. */
  begin(position: Pick<Position, 'epoch' | 'cursor'>): Promise<void>;
  /** Waits for the next batch; false at the end of the epoch. */
  hasNext(): Promise<boolean>;
  /** Uploads the batch that `hasNext` waited for; returns its number of samples. */
  load(set: BatchTarget): number;
  /** Ends the iterator. */
  close(): Promise<void>;
}

export interface AnyData {
  readonly isBatches: (samples: unknown) => boolean;
  /** Batches with targets, or without. */
  readonly stream: (
    who: string,
    samples: unknown,
    model: ModelOfSet,
    options: StreamOptions & { readonly isLabelled?: boolean },
  ) => BatchSource;
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
