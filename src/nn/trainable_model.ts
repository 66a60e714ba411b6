/** The interface of a model for training, evaluation and callbacks. */
import type { Device } from '../engine/device.js';
import type { Shape } from '../engine/primitive.js';
import type { Tensor } from '../engine/tensor.js';
import type { Folder } from '../folder.js';
import { type Rules, flag, rule } from '../options.js';
import type { Activity } from './parameters/activity.js';
import { type Checkpoint, checkpointRule } from './training/checkpoint.js';
import type { ForwardContext, NetworkInput } from './network/network.js';
import type { Optimizer } from './optimizers/optimizer.js';
import type { ParameterGroup } from './parameters/parameters.js';
import type { Preprocessing } from './samples/preprocessing.js';
import type { Task } from './training/task.js';
import type { TrainState } from './training/train_state.js';

export interface SaveWeightsOptions {
  /** Strings stored in the file. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Includes the optimizer's slots, so that training can be resumed. Default true. */
  readonly includeOptimizer?: boolean;
  readonly checkpoint?: Checkpoint;
}

export const saveWeightsRules = (): Rules<SaveWeightsOptions> => ({
  metadata: rule(
    'an object of strings',
    (value) =>
      typeof value === 'object' && Object.values(value ?? [0]).every((each) => typeof each === 'string'),
  ),
  includeOptimizer: flag,
  checkpoint: checkpointRule(),
});

export interface TrainableModel {
  readonly name: string;
  /** What is running on the model. */
  readonly activity: Activity;
  readonly device: Device;
  readonly inputs: readonly NetworkInput[];
  /** That of the only input, without the batch axis. */
  readonly inputShape: Shape;
  /** How bytes become `x` of `forward`, in training, evaluation and prediction alike. */
  readonly preprocessing: Preprocessing;
  readonly state: TrainState;
  /** All trainable parameters, in one buffer. */
  readonly parameters: ParameterGroup;
  /** The parameters without a gradient, such as the moving means of batch normalisation. */
  readonly statistics: ParameterGroup;
  /** The values that the optimizer keeps for each parameter, by slot name. */
  readonly slots: ReadonlyMap<string, ParameterGroup>;
  /** Throws: StateError before compile(). */
  readonly optimizer: Optimizer;
  /** Its losses and metrics; before compile(), those for integer labels. */
  readonly task: Task;
  /** The value of the first output. */
  forward(x: Tensor | ReadonlyMap<string, Tensor>, context: ForwardContext): Tensor;
  /** The values of all outputs, by name. */
  outputsOf(x: Tensor | ReadonlyMap<string, Tensor>, context: ForwardContext): ReadonlyMap<string, Tensor>;
  /** The penalties of the weights in the loss, recorded in a program. */
  penalties(): readonly Tensor[];
  /** Sets the parameters that have a constraint, recorded in a program after an update. */
  constrain(): void;
  /** The architecture as plain values. */
  toJson(): object;
  /** All parameters by name, of all groups. */
  weights(): Promise<Map<string, Float32Array<ArrayBuffer>>>;
  setWeights(weights: ReadonlyMap<string, Float32Array<ArrayBuffer>>): void;
  saveWeights(folder: Folder, name: string, options?: SaveWeightsOptions): Promise<void>;
}
