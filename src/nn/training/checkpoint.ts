/** The exact position of a training: with the weights and optimizer slots, enough to resume to the same bits. */
import { rule } from '../../options.js';
import type { Sums } from './task.js';

export interface Position {
  /** Completed steps of the training. */
  readonly step: number;
  /** Completed epochs. */
  readonly epoch: number;
  /** Samples of the current epoch that were trained on. */
  readonly cursor: number;
  /** Sums over the current epoch so far, by name; empty before its first step. */
  readonly sums: Sums;
}

/** The state that a callback needs to make the same decisions after a resume. */
export type CallbackState = Readonly<Record<string, number | string | boolean | null>>;

/** The contents of a checkpoint besides weights and optimizer slots. */
export interface Checkpoint {
  readonly position: Position;
  /** Images per micro-batch, if gradients accumulate: the bits of the following steps depend on it. */
  readonly microBatchSize?: number;
  /** By callback name. */
  readonly callbacks: Readonly<Record<string, CallbackState>>;
  /** Arrays of callbacks, as `<callback>/<name>`; stored next to the weights in the file. */
  readonly tensors?: ReadonlyMap<string, Float32Array<ArrayBuffer>>;
  /** The optimizer's rate if it is a number, which callbacks may have lowered; null for a schedule. */
  readonly learningRate: number | null;
}

export const checkpointRule = () =>
  rule(
    'a checkpoint, such as history.checkpoint',
    (value) => typeof (value as Partial<Checkpoint> | null)?.position?.step === 'number',
  );
