/** How to define an optimizer: options, slots, step scalars, and an update. */
import { checkCall } from '../../calls.js';
import type { Tensor } from '../../engine/tensor.js';
import { assert } from '../../errors.js';
import { multiply, subtract } from '../../kernels/arithmetic.js';
import { assign } from '../../kernels/assign.js';
import { stepScalar } from '../../kernels/step_scalar.js';
import { type Rules, checkOptions } from '../../options.js';
import { rateRule } from '../schedules.js';
import type { LearningRateOption, Optimizer, OptimizerFactory, OptimizerOperands } from './optimizer.js';
import { registerOptimizer } from './optimizer_rule.js';
import { type SharedOptions, checkShared, configOf, isExcluded, sharedRules } from './shared_options.js';
import { checkUpdate } from './update.js';

/** What an update computes with. */
export interface UpdateOperands extends OptimizerOperands {
  /** After weight decay, for the parameters to which it applies. */
  readonly parameters: Tensor;
  /** A scalar of the step by its name, in every element of a tensor like the parameters. */
  scalar(name: string): Tensor;
}

export interface OptimizerDeclaration<Options extends object> {
  /** As in files. */
  readonly name: string;
  readonly rules: () => Rules<Options>;
  readonly defaults: Required<Options> & SharedOptions;
  readonly learningRate: number;
  /** Default: only the learning rate. */
  readonly scalars?: (options: Required<Options>) => Optimizer['scalars'];
  /** Default: none. */
  readonly slots?: (options: Required<Options>) => readonly string[];
  /** Records the update: assigns the slots (`assign`) and returns the new parameters. */
  readonly update: (operands: UpdateOperands, options: Required<Options>) => Tensor;
  /**
   * Records the update with shaders of its own, which change the parameters in place, instead of `update`; undefined for
   * options that they do not know. Not used with weight decay.
   */
  readonly updateInPlace?: (
    options: Required<Options>,
  ) => ((operands: OptimizerOperands) => void) | undefined;
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
  update,
  updateInPlace,
}: OptimizerDeclaration<Options>): OptimizerFactory<Options> {
  type Given = Options & LearningRateOption & SharedOptions;
  const allRules = (): Rules<Given> =>
    ({ learningRate: rateRule(), ...rules(), ...sharedRules() }) as unknown as Rules<Given>;
  const make = (given: Given = {} as Given): Optimizer => {
    const who = `optimizers.${name}`;
    checkCall(who, given, allRules);
    const { learningRate = defaultRate, ...own } = given;
    // An undefined option takes its default, like a missing one.
    const set = Object.entries(own).filter(([, value]) => value !== undefined);
    const options = { ...defaults, ...Object.fromEntries(set) } as Required<Options> & SharedOptions;
    checkShared(who, options);
    const { weightDecay = 0 } = options;
    const scalars: Optimizer['scalars'] = {
      ...scalarsOf(options),
      ...(weightDecay > 0 ? { weight_decay: ({ learningRate: rate }) => rate * weightDecay } : {}),
    };
    const names = Object.keys(scalars);
    const inPlace = weightDecay > 0 ? undefined : updateInPlace?.(options);
    return {
      name,
      learningRate,
      slots: slots(options),
      scalars,
      config: configOf(options),
      treatmentOf: (parameter) => ({
        decay: weightDecay > 0 && parameter.decay === true && !isExcluded(options, parameter.name),
      }),
      apply: (operands, { decay }) => {
        const { slots: kept, ...others } = operands;
        checkUpdate(name, { ...others, ...kept }, names.length);
        if (inPlace) {
          inPlace(operands);
          return;
        }
        const { parameters } = operands;
        const { shape } = parameters;
        const scalar = (wanted: string): Tensor => {
          const column = names.indexOf(wanted);
          assert(column >= 0, `${name} declares the scalar ${wanted}`);
          return stepScalar(operands, { shape, column });
        };
        const shrinks = decay && weightDecay > 0;
        const before = shrinks
          ? subtract(parameters, multiply(parameters, scalar('weight_decay')))
          : parameters;
        assign(parameters, update({ ...operands, parameters: before, scalar }, options));
      },
    };
  };
  const factory = Object.assign(make, {
    optimizerName: name,
    checkConfig: (who: string, config: object) => checkOptions<object>(who, config, allRules()),
  });
  registerOptimizer(name, factory);
  return factory;
}
