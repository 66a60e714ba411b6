/** What an optimizer is, and how one is made from a declaration: options, slots, step scalars, and its update. */
import { checkCall } from '../../calls.js';
import { runPrimitive } from '../../engine/program.js';
import type { Primitive } from '../../engine/primitive.js';
import type { Tensor } from '../../engine/tensor.js';
import { type Rules, checkOptions, required, rule } from '../../options.js';
import { type LearningRate, rateRule } from '../schedules.js';

export interface OptimizerOperands {
  /** All parameters and all gradients, flat. */
  readonly parameters: Tensor;
  readonly gradients: Tensor;
  /** Flat, like the parameters, one per slot name; all start at 0. */
  readonly slots: Readonly<Record<string, Tensor>>;
  /** A row for each step of the epoch, a column for each of the optimizer's scalars. */
  readonly stepScalars: Tensor;
  /** The step's state, which says which row is the step's. */
  readonly state: Tensor;
}

/** What the scalars of a step are computed from. */
export interface StepOfTraining {
  readonly learningRate: number;
  /** Counts the updates of the parameters, this one included. */
  readonly update: number;
}

/** Computes a number for each step, on the host in float64. */
export type StepScalar = (step: StepOfTraining) => number;

/** What an update may tell apart in the parameters that it is given. */
export interface ParameterAttributes {
  /** Whether weight decay shrinks them, as is usual for kernels. */
  readonly decay: boolean;
}

export interface Optimizer {
  readonly name: string;
  /** Changing it takes effect from the next step on. */
  learningRate: LearningRate;
  /** Names of the values kept beside each parameter. */
  readonly slots: readonly string[];
  /** What the update reads of each step, by name: the columns of the table. */
  readonly scalars: Readonly<Record<string, StepScalar>>;
  readonly config: Readonly<Record<string, number | string | boolean>>;
  /** Whether parameters that decay are updated otherwise than those that do not; then each get a dispatch. */
  readonly usesDecay?: boolean;
  /** Records the update of parameters that have these attributes, in place. */
  apply(operands: OptimizerOperands, attributes: ParameterAttributes): void;
}

/** What every optimizer takes. */
export interface LearningRateOption {
  readonly learningRate?: LearningRate;
}

/** The numbers that a shader takes as its constants. */
export type Constants = Readonly<Record<string, number>>;

/** The update that options ask for. */
export interface Update {
  /** Made by `updatePrimitive`. */
  readonly primitive: Primitive<string, never, Constants>;
  readonly slots: readonly string[];
  readonly constants: (attributes: ParameterAttributes) => Constants;
}

export interface OptimizerDeclaration<Options extends object> {
  /** As in files. */
  readonly name: string;
  readonly rules: () => Rules<Options>;
  readonly defaults: Required<Options>;
  readonly learningRate: number;
  /** Default: the learning rate alone. */
  readonly scalars?: (options: Required<Options>) => Optimizer['scalars'];
  readonly usesDecay?: (options: Required<Options>) => boolean;
  /** All that `update` may choose from. */
  readonly primitives: readonly Primitive<string, never, Constants>[];
  readonly update: (options: Required<Options>) => Update;
}

/** What makes an optimizer: users call it, files name it, and the checks test its primitives. */
export interface OptimizerFactory<Options extends object> {
  (options?: Options & LearningRateOption): Optimizer;
  readonly optimizerName: string;
  readonly primitives: OptimizerDeclaration<Options>['primitives'];
  /** Throws: UsageError for options that break their rules. */
  checkConfig(who: string, config: object): void;
}

const rateAlone: Optimizer['scalars'] = { learning_rate: ({ learningRate }) => learningRate };

/** Makes the function that users call. */
export function defineOptimizer<Options extends object>({
  name,
  rules,
  defaults,
  learningRate: defaultRate,
  scalars = () => rateAlone,
  usesDecay = () => false,
  primitives,
  update,
}: OptimizerDeclaration<Options>): OptimizerFactory<Options> {
  const allRules = (): Rules<Options & LearningRateOption> =>
    ({ learningRate: rateRule(), ...rules() }) as unknown as Rules<Options & LearningRateOption>;
  const make = (given: Options & LearningRateOption = {} as Options): Optimizer => {
    checkCall(`optimizers.${name}`, given, allRules);
    const { learningRate = defaultRate, ...own } = given;
    // An option that is undefined takes its default, as one that is left out.
    const set = Object.entries(own).filter(([, value]) => value !== undefined);
    const options = { ...defaults, ...(Object.fromEntries(set) as Partial<Options>) } as Required<Options>;
    const { primitive, slots: slotNames, constants } = update(options);
    return {
      name,
      learningRate,
      slots: slotNames,
      scalars: scalars(options),
      config: options as Optimizer['config'],
      usesDecay: usesDecay(options),
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

/** An optimizer of the caller's own is as good as ours. */
export const optimizerRule = () =>
  required(
    rule('an optimizer, such as optimizers.rmsprop()', (value) => {
      const { apply, slots } = (value ?? {}) as Partial<Optimizer>;
      return typeof apply === 'function' && Array.isArray(slots);
    }),
  );
