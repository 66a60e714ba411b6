/** The interface of optimizers, and how to define one: options, slots, step scalars, and an update. */
import { checkCall } from '../../calls.js';
import { runPrimitive } from '../../engine/program.js';
import type { Primitive } from '../../engine/primitive.js';
import type { Tensor } from '../../engine/tensor.js';
import { type Rules, checkOptions, required, rule } from '../../options.js';
import { type LearningRate, rateRule } from '../schedules.js';

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

/** Numbers that the shader gets as constants. */
export type Constants = Readonly<Record<string, number>>;

/** The update that the options select. */
export interface Update {
  /** Made by `updatePrimitive`. */
  readonly primitive: Primitive<string, never, Constants>;
  readonly slots: readonly string[];
  /** If they depend on `decay`, parameters with and without decay get a dispatch each; else all get one. */
  readonly constants: (attributes: ParameterAttributes) => Constants;
}

export interface OptimizerDeclaration<Options extends object> {
  /** As in files. */
  readonly name: string;
  readonly rules: () => Rules<Options>;
  readonly defaults: Required<Options>;
  readonly learningRate: number;
  /** Default: only the learning rate. */
  readonly scalars?: (options: Required<Options>) => Optimizer['scalars'];
  /** All primitives that `update` may return. */
  readonly primitives: readonly Primitive<string, never, Constants>[];
  readonly update: (options: Required<Options>) => Update;
}

/** The function that makes an optimizer, with what files and checks need. */
export interface OptimizerFactory<Options extends object> {
  (options?: Options & LearningRateOption): Optimizer;
  readonly optimizerName: string;
  readonly primitives: OptimizerDeclaration<Options>['primitives'];
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
  scalars = () => rateAlone,
  primitives,
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
    const { primitive, slots: slotNames, constants } = update(options);
    const [decaying, others] = [true, false].map((decay) => JSON.stringify(constants({ decay })));
    return {
      name,
      learningRate,
      slots: slotNames,
      scalars: scalars(options),
      config: options as Optimizer['config'],
      usesDecay: decaying !== others,
      apply: ({ slots, ...operands }, attributes) =>
        void runPrimitive(primitive, { ...operands, ...slots }, constants(attributes)),
    };
  };
  return Object.assign(make, {
    optimizerName: name,
    primitives,
    checkConfig: (who: string, config: object) => checkOptions<object>(who, config, allRules()),
  });
}

/** Accepts custom optimizers, too. */
export const optimizerRule = () =>
  required(
    rule('an optimizer, such as optimizers.rmsprop()', (value) => {
      const { apply, slots } = (value ?? {}) as Partial<Optimizer>;
      return typeof apply === 'function' && Array.isArray(slots);
    }),
  );
