/** Callbacks: what a training loop tells its listeners, and what they may ask of it. */
import type { CallbackState, Checkpoint, Position } from '../checkpoint.js';
import type { TrainableModel } from '../trainable_model.js';
import type { DispatchTime } from '../../engine/replay.js';
import type { Plan } from '../../engine/plan.js';
import { type Rules, checkOptions, fn, list, text } from '../../options.js';

/** Running or final metrics: loss, accuracy, val_loss, val_accuracy, learning_rate. */
export type Logs = Readonly<Record<string, number>>;

export interface KernelChoice {
  /** Name of the primitive; `pass` is the key that run.json has always had. */
  readonly pass: string;
  readonly shapes: string;
  readonly variant: string;
}

/** The training that a callback belongs to. */
export interface Training {
  readonly model: TrainableModel;
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  readonly batchSize: number;
  readonly samples: number;
  readonly validationSamples: number;
  /** One line on how batches are taken in micro-batches; undefined where they are taken whole. */
  readonly accumulation: string | undefined;
  /** Which kernel computes each primitive of the training step; none while it is compiled. */
  readonly kernels: readonly KernelChoice[];
  /** The training step as planned: one plan, or one per micro-batch and one that ends the step; none while it is compiled. */
  readonly plans: readonly Plan[];
  /** The last step whose metrics have come back. */
  position(): Position;
  /** That step's summed loss as it came back: the raw bits of an f32. */
  lossBits(): number;
  /**
   * What `saveWeights` must keep so that this training can go on. It fits the weights at the start and end of an
   * epoch, and at a sync point; elsewhere later steps may be under way unless a callback listens to `onBatchBegin`.
   */
  checkpoint(): Checkpoint;
  /**
   * At a sync point only: how long each dispatch of a step takes, in nanoseconds. A step is computed for that, and all that it
   * changed is put back. Needs a device with timestamps.
   */
  profile(): Promise<readonly DispatchTime[]>;
  /** Ends training after the steps already under way: the epoch is validated and ends, and then training does. */
  stop(): void;
}

/** A pass over a set without learning: `evaluate`, `predict`, or the validation in `fit`. */
export interface Inference {
  readonly model: TrainableModel;
  readonly samples: number;
  readonly steps: number;
  readonly batchSize: number;
  /** The training whose validation this is. */
  readonly training: Training | undefined;
}

type Done = void | Promise<void>;

/**
 * Every hook is optional and may be asynchronous; the callbacks of a list are called one after the other, and the work
 * waits for each. Epochs and steps count from 0 as in Keras. An error thrown in a hook ends the work with that error:
 * what was allocated is freed, and no further hook is called.
 *
 *   fit       onCompile…, onTrainBegin, per epoch (onEpochBegin, per step (onBatchBegin, onBatchEnd), validation,
 *             onEpochEnd), onTrainEnd
 *   evaluate, and the validation:  onTestBegin, per step (onTestBatchBegin, onTestBatchEnd), onTestEnd
 *   predict   onPredictBegin, per step (onPredictBatchBegin, onPredictBatchEnd), onPredictEnd
 *
 * `onBatchEnd` is called once the metrics of the step have come back, which may be a step or two later. If a callback
 * listens to the beginnings of steps too, they go one by one instead: slower on a fast device, with the same results.
 * Steps without listeners cost nothing. A callback with `stepsUntilSync` may halt the training now and then, which
 * costs the wait for what is under way; between sync points steps go ahead as fast as ever.
 */
export interface Callback {
  /** Pipelines compiled so far, before the first step. */
  onCompile?(done: number, total: number, training: Training): void;
  onTrainBegin?(training: Training): Done;
  onEpochBegin?(epoch: number, training: Training): Done;
  /** Before a training step is submitted. A learning rate set here is the step's own. */
  onBatchBegin?(step: number, training: Training): Done;
  /** `logs`: running means of the epoch. */
  onBatchEnd?(step: number, logs: Logs, training: Training): Done;
  onEpochEnd?(epoch: number, logs: Logs, training: Training): Done;
  /** `isInterrupted` when a signal ended training before its time. */
  onTrainEnd?(logs: Logs, training: Training, isInterrupted: boolean): Done;

  /**
   * Asked before each submit, in the validation too: how many steps may lie between the last sync point and the next. 0: sync
   * now; Infinity: never. The least of all callbacks counts.
   */
  stepsUntilSync?(training: Training): number;
  /**
   * At a sync point: nothing is under way, weights and slots are those of `position()`, or of the epoch's end during the
   * validation, and may be read, saved and changed. Training goes on when all callbacks' promises have resolved. A
   * learning rate set here is the next step's.
   */
  onSync?(training: Training): Done;

  onTestBegin?(inference: Inference): Done;
  onTestBatchBegin?(step: number, inference: Inference): Done;
  /** `logs`: loss and accuracy so far. */
  onTestBatchEnd?(step: number, logs: Logs, inference: Inference): Done;
  onTestEnd?(logs: Logs, inference: Inference): Done;

  onPredictBegin?(inference: Inference): Done;
  onPredictBatchBegin?(step: number, inference: Inference): Done;
  /** `outputs`: the batch's rows [images, classes], valid during the call. */
  onPredictBatchEnd?(step: number, outputs: Float32Array, inference: Inference): Done;
  onPredictEnd?(inference: Inference): Done;

  /** What must be kept so that a resumed training decides as this one would have. */
  state?(): CallbackState;
  /** Values too many for `state`, by name. */
  tensors?(): ReadonlyMap<string, Float32Array<ArrayBuffer>> | undefined;
  /** Takes both back, after `onTrainBegin` of a resumed training. */
  restore?(state: CallbackState, tensors: ReadonlyMap<string, Float32Array<ArrayBuffer>>): void;
  /** Names the state in a checkpoint; needed with `state`. */
  readonly name?: string;
}

const rules = (): Rules<Callback> => ({
  onCompile: fn,
  onTrainBegin: fn,
  onEpochBegin: fn,
  onBatchBegin: fn,
  onBatchEnd: fn,
  onEpochEnd: fn,
  onTrainEnd: fn,
  stepsUntilSync: fn,
  onSync: fn,
  onTestBegin: fn,
  onTestBatchBegin: fn,
  onTestBatchEnd: fn,
  onTestEnd: fn,
  onPredictBegin: fn,
  onPredictBatchBegin: fn,
  onPredictBatchEnd: fn,
  onPredictEnd: fn,
  state: fn,
  tensors: fn,
  restore: fn,
  name: text,
});

/** A callback may have fields of its own, but a hook that is never called is a mistake, be it a class's or an object's. */
export const callbacksRule = () =>
  list('a list of callbacks', (value, who, name) => {
    if (typeof value !== 'object' || value === null || 'then' in value || Array.isArray(value))
      return 'a callback';
    const names = new Set<string>();
    for (
      let at: object | null = value;
      at && at !== Object.prototype;
      at = Object.getPrototypeOf(at) as object
    )
      for (const each of Object.getOwnPropertyNames(at))
        if (Object.hasOwn(rules(), each) || /^on[A-Z_]/.test(each)) names.add(each);
    const hooks = Object.fromEntries(
      [...names].map((each) => [each, (value as Record<string, unknown>)[each]]),
    );
    checkOptions<Callback>(who, hooks, rules(), `${name}.`);
    return undefined;
  });
