/** Callbacks: the hooks that training, evaluation and prediction call, and the objects passed to them. */
import type { CallbackState, Checkpoint, Position } from '../training/checkpoint.js';
import type { TrainableModel } from '../trainable_model.js';
import type { DispatchTime } from '../../engine/replay.js';
import type { Plan } from '../../engine/plan/plan.js';

/**
 * Running or final metrics: loss, accuracy, val_loss, val_accuracy, learning_rate. For a model with several trained outputs
 * such as `digit`: loss, digit_loss, digit_accuracy, …, val_loss, val_digit_loss, …
 */
export type Logs = Readonly<Record<string, number>>;

export interface KernelChoice {
  /** Name of the primitive; `pass` is its key in run.json. */
  readonly pass: string;
  readonly shapes: string;
  readonly variant: string;
}

/** The running training. */
export interface Training {
  readonly model: TrainableModel;
  readonly epochs: number;
  /** Infinity for an iterable of batches without `stepsPerEpoch`, as are the samples. */
  readonly stepsPerEpoch: number;
  readonly batchSize: number;
  readonly samples: number;
  /** Infinity for an iterable of batches. */
  readonly validationSamples: number;
  /** One line about micro-batches; undefined without gradient accumulation. */
  readonly accumulation: string | undefined;
  /** The kernel of each primitive of the training step; empty before compilation has finished. */
  readonly kernels: readonly KernelChoice[];
  /** The plans of the training step: one, or one per micro-batch and one that ends the step; empty before compilation has finished. */
  readonly plans: readonly Plan[];
  /** The last step whose metrics have been read back. */
  position(): Position;
  /** The raw bits of that step's summed loss, an f32. */
  lossBits(): number;
  /**
   * The checkpoint to pass to `saveWeights`, from which this training can be resumed. It matches the weights at the start and
   * end of an epoch and at sync points; elsewhere later steps may be in flight, unless a callback has `onBatchBegin`.
   */
  checkpoint(): Checkpoint;
  /**
   * Times each dispatch of a step, in nanoseconds; only at a sync point. Computes a step for that, then restores everything
   * that it changed. The device must support timestamps.
   */
  profile(): Promise<readonly DispatchTime[]>;
  /** Ends training after the steps in flight; the epoch still ends with its validation. */
  stop(): void;
}

/** A pass over a set without training: `evaluate`, `predict`, or the validation in `fit`. */
export interface Inference {
  readonly model: TrainableModel;
  /** Infinity for an iterable of batches, as are the steps. */
  readonly samples: number;
  readonly steps: number;
  readonly batchSize: number;
  /** The training, if this is its validation. */
  readonly training: Training | undefined;
}

type Done = void | Promise<void>;

/**
 * Every hook is optional and may be asynchronous. The callbacks in a list are called one after the other, and each is
 * awaited. Epochs and steps count from 0, as in Keras. An error thrown by a hook ends the call with that error: its memory
 * is freed, and no further hook is called.
 *
 *   fit       onCompile…, onTrainBegin, per epoch (onEpochBegin, per step (onBatchBegin, onBatchEnd), validation,
 *             onEpochEnd), onTrainEnd
 *   evaluate, and the validation:  onTestBegin, per step (onTestBatchBegin, onTestBatchEnd), onTestEnd
 *   predict   onPredictBegin, per step (onPredictBatchBegin, onPredictBatchEnd), onPredictEnd
 *
 * `onBatchEnd` is called once the metrics of the step have been read back, which may be a step or two later. If a callback
 * has `onBatchBegin`, steps run one at a time instead: slower on a fast device, with the same results. Without these two
 * hooks, callbacks do not slow down steps. A callback with `stepsUntilSync` may pause the training now and then, which
 * costs a wait for the steps in flight; between sync points steps run at full speed.
 */
export interface Callback {
  /** Pipelines compiled so far, before the first step. */
  onCompile?(done: number, total: number, training: Training): void;
  onTrainBegin?(training: Training): Done;
  onEpochBegin?(epoch: number, training: Training): Done;
  /** Before a training step is submitted. A learning rate set here applies to that step. */
  onBatchBegin?(step: number, training: Training): Done;
  /** `logs`: running means of the epoch. */
  onBatchEnd?(step: number, logs: Logs, training: Training): Done;
  onEpochEnd?(epoch: number, logs: Logs, training: Training): Done;
  /** `isInterrupted`: the signal aborted the training. */
  onTrainEnd?(logs: Logs, training: Training, isInterrupted: boolean): Done;

  /**
   * Called before each submit, including validation: the number of steps allowed between the last sync point and the next.
   * 0 syncs now, Infinity never. The minimum over all callbacks counts.
   */
  stepsUntilSync?(training: Training): number;
  /**
   * At a sync point no step is in flight. The weights and slots are those of `position()` (during validation, those of the
   * end of the epoch), and may be read, saved and changed. Training continues once the promises of all callbacks have
   * resolved. A learning rate set here applies to the next step.
   */
  onSync?(training: Training): Done;

  onTestBegin?(inference: Inference): Done;
  onTestBatchBegin?(step: number, inference: Inference): Done;
  /** `logs`: loss and accuracy so far. */
  onTestBatchEnd?(step: number, logs: Logs, inference: Inference): Done;
  onTestEnd?(logs: Logs, inference: Inference): Done;

  onPredictBegin?(inference: Inference): Done;
  onPredictBatchBegin?(step: number, inference: Inference): Done;
  /** `outputs`: the rows of the batch, [images, classes], valid during the call. */
  onPredictBatchEnd?(step: number, outputs: Float32Array, inference: Inference): Done;
  onPredictEnd?(inference: Inference): Done;

  /** The state to save in a checkpoint, so that a resumed training makes the same decisions. */
  state?(): CallbackState;
  /** Arrays to save, by name, if they are too large for `state`. */
  tensors?(): ReadonlyMap<string, Float32Array<ArrayBuffer>> | undefined;
  /** Restores both, after `onTrainBegin` of a resumed training. */
  restore?(state: CallbackState, tensors: ReadonlyMap<string, Float32Array<ArrayBuffer>>): void;
  /** The key of the state in a checkpoint; required for `state`. */
  readonly name?: string;
}
