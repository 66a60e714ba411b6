/** The interface of optimizers, and how to define one: options, slots, step scalars, and an update. */
import { checkCall } from '../../calls.js';
import type { Tensor } from '../../engine/tensor.js';
import { assert } from '../../errors.js';
import { stepScalar } from '../../kernels/step_scalar.js';
import { type Rules, checkOptions } from '../../options.js';
import { type LearningRate, rateRule } from '../schedules.js';
import { checkUpdate } from './update.js';

export interface OptimizerOperands {
  /** All parameters and all gradients, each in a flat tensor. */
  readonly parameters: Tensor;
  readonly gradients: Tensor;
  /** Flat, like the parameters, by slot name; initially 0. */
  readonly slots: Readonly<Record<string, Tensor>>;
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

/** The attributes by which an update may distinguish parameters. */
export interface ParameterAttributes {
  /** Whether weight decay applies to them, as is usual for kernels. */
  readonly decay: boolean;
}

export interface Optimizer {
  readonly name: string;
  /** Changing it takes effect from the next step on. */
  learningRate: LearningRate;
  /** Names of the tensors that the optimizer keeps for each parameter. */
  readonly slots: readonly string[];
  /** The scalars that the update reads in each step, by name: the columns of the table. */
  readonly scalars: Readonly<Record<string, StepScalar>>;
  readonly config: Readonly<Record<string, number | string | boolean>>;
  /** Whether the update treats parameters with and without decay differently; each then gets its own dispatch. */
  readonly usesDecay?: boolean;
  /** Records the in-place update of parameters with these attributes. */
  apply(operands: OptimizerOperands, attributes: ParameterAttributes): void;
}

/** The option of every optimizer. */
export interface LearningRateOption {
  readonly learningRate?: LearningRate;
}

/** What an update computes with. */
export interface UpdateOperands extends OptimizerOperands {
  /** A scalar of the step by its name, in every element of a tensor like the parameters. */
  scalar(name: string): Tensor;
}

export interface OptimizerDeclaration<Options extends object> {
  /** As in files. */
  readonly name: string;
  readonly rules: () => Rules<Options>;
  readonly defaults: Required<Options>;
  readonly learningRate: number;
  /** Default: only the learning rate. */
  readonly scalars?: (options: Required<Options>) => Optimizer['scalars'];
  /** Default: none. */
  readonly slots?: (options: Required<Options>) => readonly string[];
  /** Whether the update depends on `decay`; parameters with and without it are then updated apart. Default: no. */
  readonly usesDecay?: (options: Required<Options>) => boolean;
  /**
   * Records the update of parameters: assigns the slots and the parameters (`assign`).
   */
  readonly update: (
    operands: UpdateOperands,
    options: Required<Options>,
    attributes: ParameterAttributes,
  ) => void;
}

/** The function that makes an optimizer, with what files and checks need. */
export interface OptimizerFactory<Options extends object> {
  (options?: Options & LearningRateOption): Optimizer;
  readonly optimizerName: string;
  /** Throws: UsageError for invalid options. */
  checkConfig(who: string, config: object): void;
}

const rateAlone: Optimizer['scalars'] = { learning_rate: ({ learningRate }) => learningRate };

/** Defines an optimizer: returns the function that users call. */
export function defineOptimizer<Options extends object>({
  name,
  rules,
  defaults,
  learningRate: defaultRate,
  scalars: scalarsOf = () => rateAlone,
  slots = () => [],
  usesDecay = () => false,
  update,
}: OptimizerDeclaration<Options>): OptimizerFactory<Options> {
  const allRules = (): Rules<Options & LearningRateOption> =>
    ({ learningRate: rateRule(), ...rules() }) as unknown as Rules<Options & LearningRateOption>;
  const make = (given: Options & LearningRateOption = {} as Options): Optimizer => {
    checkCall(`optimizers.${name}`, given, allRules);
    const { learningRate = defaultRate, ...own } = given;
    // An undefined option takes its default, like a missing one.
    const set = Object.entries(own).filter(([, value]) => value !== undefined);
    const options = { ...defaults, ...(Object.fromEntries(set) as Partial<Options>) } as Required<Options>;
    const scalars = scalarsOf(options);
    const names = Object.keys(scalars);
    return {
      name,
      learningRate,
      slots: slots(options),
      scalars,
      config: options as Optimizer['config'],
      usesDecay: usesDecay(options),
      apply: (operands, attributes) => {
        const { slots: kept, ...others } = operands;
        checkUpdate(name, { ...others, ...kept }, names.length);
        const { shape } = operands.parameters;
        const scalar = (wanted: string): Tensor => {
          const column = names.indexOf(wanted);
          assert(column >= 0, `${name} declares the scalar ${wanted}`);
          return stepScalar(operands, { shape, column });
        };
        update({ ...operands, scalar }, options, attributes);
      },
    };
  };
  return Object.assign(make, {
    optimizerName: name,
    checkConfig: (who: string, config: object) => checkOptions<object>(who, config, allRules()),
  });
}
