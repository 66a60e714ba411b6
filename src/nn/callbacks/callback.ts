/** Callbacks: what a training loop tells its listeners, and what they may ask of it. */
import type { CallbackState, Checkpoint, Position } from '../checkpoint.js';
import type { Model } from '../model.js';

/** Running or final metrics: loss, accuracy, val_loss, val_accuracy, learning_rate. */
export type Logs = Readonly<Record<string, number>>;

export interface KernelChoice {
  readonly pass: string;
  readonly shapes: string;
  readonly variant: string;
}

/** The training that a callback belongs to. */
export interface Training {
  readonly model: Model;
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  readonly batchSize: number;
  readonly samples: number;
  readonly validationSamples: number;
  /** Which kernel computes each pass of the training step. */
  readonly kernels: readonly KernelChoice[];
  position(): Position;
  /** What `saveWeights` must keep so that this training can go on. */
  checkpoint(): Checkpoint;
  /** Ends training after the steps already under way. */
  stop(): void;
}

/**
 * Every hook is optional and may be asynchronous; training waits for it. Epochs and steps count from 0 as in Keras.
 * `onBatchEnd` hears of each step once its metrics have come back, which may be a step or two later.
 */
export interface Callback {
  /** Pipelines compiled so far, before the first step. */
  onCompile?(done: number, total: number, training: Training): void;
  onTrainBegin?(training: Training): void | Promise<void>;
  onEpochBegin?(epoch: number, training: Training): void | Promise<void>;
  onBatchEnd?(step: number, logs: Logs, training: Training): void | Promise<void>;
  onEpochEnd?(epoch: number, logs: Logs, training: Training): void | Promise<void>;
  /** `isInterrupted` when a signal ended training before its time. */
  onTrainEnd?(logs: Logs, training: Training, isInterrupted: boolean): void | Promise<void>;
  /** What must be kept so that a resumed training decides as this one would have. */
  state?(): CallbackState;
  restore?(state: CallbackState): void;
  /** Names the state in a checkpoint; needed with `state`. */
  readonly name?: string;
}
