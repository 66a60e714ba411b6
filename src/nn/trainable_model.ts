/** What training, evaluation and callbacks need of a model. */
import type { Device } from '../engine/device.js';
import type { Shape } from '../engine/primitive.js';
import type { Tensor } from '../engine/tensor.js';
import type { Folder } from '../folder.js';
import { type Rules, flag, rule } from '../options.js';
import type { Activity } from './activity.js';
import { type Checkpoint, checkpointRule } from './checkpoint.js';
import type { ForwardContext } from './network.js';
import type { Optimizer } from './optimizers/optimizer.js';
import type { ParameterGroup } from './parameters.js';
import type { Preprocessing } from './preprocessing.js';
import type { Task } from './task.js';
import type { TrainState } from './train_state.js';

export interface SaveWeightsOptions {
  /** Strings kept in the file. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Keeps the optimizer's slots too, so that training can go on. Default true. */
  readonly includeOptimizer?: boolean;
  readonly checkpoint?: Checkpoint;
}

export const saveWeightsRules = (): Rules<SaveWeightsOptions> => ({
  metadata: rule(
    'an object of texts',
    (value) =>
      typeof value === 'object' && Object.values(value ?? [0]).every((each) => typeof each === 'string'),
  ),
  includeOptimizer: flag,
  checkpoint: checkpointRule(),
});

export interface TrainableModel {
  readonly name: string;
  /** What is under way on it. */
  readonly activity: Activity;
  readonly device: Device;
  readonly inputShape: Shape;
  /** Classes that the output tells apart; undefined when it has several axes. */
  readonly classes: number | undefined;
  /** How bytes become `x` of `forward`: in training, evaluation and prediction alike. */
  readonly preprocessing: Preprocessing;
  readonly state: TrainState;
  /** All parameters that have a gradient, in one buffer. */
  readonly parameters: ParameterGroup;
  /** The parameters that have none, such as the moving means of batch normalisation. */
  readonly statistics: ParameterGroup;
  /** The optimizer's values beside each parameter, by slot name. */
  readonly slots: ReadonlyMap<string, ParameterGroup>;
  /** Throws: StateError before compile(). */
  readonly optimizer: Optimizer;
  /** Its losses and metrics; before compile(), those that fit integer labels. */
  readonly task: Task;
  /** The value of the first output. */
  forward(x: Tensor, context: ForwardContext): Tensor;
  /** The values of all outputs, by name. */
  outputsOf(x: Tensor, context: ForwardContext): ReadonlyMap<string, Tensor>;
  /** What the weights add to the loss, term by term, recorded in a program. */
  penalties(): readonly Tensor[];
  /** The architecture as plain values. */
  toJson(): object;
  /** All parameters by name, those of all groups. */
  weights(): Promise<Map<string, Float32Array<ArrayBuffer>>>;
  setWeights(weights: ReadonlyMap<string, Float32Array<ArrayBuffer>>): void;
  saveWeights(folder: Folder, name: string, options?: SaveWeightsOptions): Promise<void>;
}
