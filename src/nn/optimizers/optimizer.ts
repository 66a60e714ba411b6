/** The interface of optimizers. */
import type { Shape } from '../../engine/primitive.js';
import type { Tensor } from '../../engine/tensor.js';
import type { LearningRate } from '../training/schedules.js';
import type { SharedOptions } from './shared_options.js';

export interface OptimizerOperands {
  /** Parameters and their gradients: all that are updated at once, each in a flat tensor, or one of them. */
  readonly parameters: Tensor;
  readonly gradients: Tensor;
  /** Like the parameters, by slot name; initially 0. */
  readonly slots: Readonly<Record<string, Tensor>>;
  /** The factor of all gradients, from `gradientFactor`. */
  readonly factor?: Tensor | undefined;
  /** A row per step of the epoch, a column per scalar of the optimizer. */
  readonly stepScalars: Tensor;
  /** The step's state, which determines the row. */
  readonly state: Tensor;
}

/** The arguments of a step scalar. */
export interface StepOfTraining {
  readonly learningRate: number;
  /** The number of this update, from 1, over all fits since compile() set the optimizer. */
  readonly update: number;
}

/** Computes one scalar of a step, on the host in float64. */
export type StepScalar = (step: StepOfTraining) => number;

/** A parameter as an optimizer knows it. */
export interface NamedParameter {
  readonly name: string;
  readonly shape: Shape;
  /** Whether weight decay may apply to it, as is usual for kernels. */
  readonly decay?: boolean;
}

/** How an optimizer treats a parameter. Parameters that it treats alike, and not alone, are updated in one dispatch. */
export interface Treatment {
  /** Whether weight decay applies to it. */
  readonly decay: boolean;
  /** Whether the parameter is updated by itself, in its own shape. */
  readonly isAlone?: boolean;
  /** Whether the update is one for matrices. */
  readonly isMatrix?: boolean;
}

export interface Optimizer {
  readonly name: string;
  /** Changing it takes effect from the next step on. */
  learningRate: LearningRate;
  /** Names of the tensors that the optimizer keeps for each parameter. */
  readonly slots: readonly string[];
  /** The scalars that the update reads in each step, by name: the columns of the table. */
  readonly scalars: Readonly<Record<string, StepScalar>>;
  readonly config: Readonly<Record<string, number | string | boolean | null | readonly string[]>>;
  /** How it treats this parameter. Default: all alike, so that one dispatch updates everything. */
  treatmentOf?(parameter: NamedParameter): Treatment;
  /** Records what the gradients of all parameters are multiplied by; undefined without such a factor. */
  gradientFactor?(gradients: readonly Tensor[]): Tensor | undefined;
  /** Records the in-place update of parameters that are treated so. */
  apply(operands: OptimizerOperands, treatment: Treatment): void;
}

/** The option of every optimizer. */
export interface LearningRateOption {
  readonly learningRate?: LearningRate;
}

/** The function that makes an optimizer, with what files and checks need. */
export interface OptimizerFactory<Options extends object, Made extends Optimizer = Optimizer> {
  (options?: Options & LearningRateOption & SharedOptions): Made;
  readonly optimizerName: string;
  /** Throws: UsageError for invalid options. */
  checkConfig(who: string, config: object): void;
}
