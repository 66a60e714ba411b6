/** Where a training stands, exactly: with weights and optimizer slots, enough to go on to the same bits. */
import { rule } from '../options.js';
import type { Sums } from './task.js';

export interface Position {
  /** Steps done since training began. */
  readonly step: number;
  /** Epochs completed. */
  readonly epoch: number;
  /** Samples of the current epoch already trained on. */
  readonly cursor: number;
  /** Over the current epoch so far, by name; none before its first step. */
  readonly sums: Sums;
}

/** What a callback must keep to decide later as it would have now. */
export type CallbackState = Readonly<Record<string, number | string | boolean | null>>;

/** What a checkpoint keeps beside weights and optimizer slots. */
export interface Checkpoint {
  readonly position: Position;
  /** Images at once, where batches are taken in micro-batches: the bits of what follows depend on it. */
  readonly microBatchSize?: number;
  /** By callback name. */
  readonly callbacks: Readonly<Record<string, CallbackState>>;
  /** What callbacks keep in arrays, as `<callback>/<name>`; beside the weights in the file. */
  readonly tensors?: ReadonlyMap<string, Float32Array<ArrayBuffer>>;
  /** The optimizer's rate when it is a number, which callbacks may have lowered; null for a schedule. */
  readonly learningRate: number | null;
}

export const checkpointRule = () =>
  rule(
    "a checkpoint, such as a history's",
    (value) => typeof (value as Partial<Checkpoint> | null)?.position?.step === 'number',
  );
