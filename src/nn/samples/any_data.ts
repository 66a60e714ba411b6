/**
 * What only data other than images with labels needs: arrays, tensors and batches from an iterable. The library's entries provide
 * it (all_data.ts); the page, whose data are images, contains none of it.
 */
import type { Device } from '../../engine/device.js';
import type { Tensor } from '../../engine/tensor.js';
import type { labelGather } from '../../kernels/label_gather.js';
import type { rowGather } from '../../kernels/row_gather.js';
import type { Position } from '../training/checkpoint.js';
import type { SampleSet } from './columns.js';
import type { TrainableModel } from '../trainable_model.js';
import { part } from '../part.js';

/** What a model says about its samples. */
export type ModelOfSet = Pick<TrainableModel, 'inputs' | 'device' | 'task'>;

/** Options of `fit` that change its data. */
export interface DataOptions {
  /**
   * The share of the samples that validate, such as 0.1: the last ones, before shuffling, as in Keras; so a set that is sorted by class
   * should be shuffled first.
   */
  readonly validationSplit?: number;
  /**
   * A factor of the loss of each sample by its class: a list or an object by class (1 for the others), or 'balanced', which makes all
   * classes count alike: N / (number of classes · samples of the class). Validation data is not weighted.
   */
  readonly classWeights?: 'balanced' | readonly number[] | Readonly<Record<number, number>>;
  /**
   * Shows the samples of rare classes repeatedly, so that each class occurs in an epoch as often as the largest. An epoch becomes
   * longer. The order depends on the seed and the epoch alone.
   */
  readonly oversample?: boolean | 'balanced';
  readonly variantsPerImage?: number;
  readonly seed?: number;
}

/** The data of a training. */
export interface PreparedData {
  readonly set: SampleSet;
  readonly validation: SampleSet | undefined;
  /** Entries of an epoch, and their order, if they are not those of the set. */
  readonly epochSize?: number;
  readonly orderOf?: (epoch: number) => Uint32Array;
  dispose(): void;
}

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
  /** See training_data.ts. */
  readonly prepareData: (set: SampleSet, options: DataOptions, model: ModelOfSet) => Promise<PreparedData>;
  readonly labelGather: typeof labelGather;
  readonly rowGather: typeof rowGather;
}

/** The library's entries provide it. */
export const anyData = part<AnyData>('model: data other than images', "'shadegrad'");
