/** How to define an optimizer: options, slots, step scalars, and an update. */
import { checkCall } from '../../calls.js';
import type { Tensor } from '../../engine/tensor.js';
import { assert } from '../../errors.js';
import { add, multiply, subtract } from '../../kernels/arithmetic.js';
import { where } from '../../kernels/comparison.js';
import { assign } from '../../kernels/assign.js';
import { stepScalar } from '../../kernels/step_scalar.js';
import { type Rules, checkOptions } from '../../options.js';
import { rateRule } from '../training/schedules.js';
import { clipped, normFactor } from './clipping.js';
import { emaSlot } from '../training/ema_slot.js';
import type {
  LearningRateOption,
  NamedParameter,
  Optimizer,
  OptimizerFactory,
  OptimizerOperands,
  StepScalar,
} from './optimizer.js';
import { registerOptimizer } from './optimizer_rule.js';
import { type DefinedOptimizer, OwnLoop } from './own_loop.js';
import { type SharedOptions, checkShared, configOf, isExcluded, sharedRules } from './shared_options.js';
import { lossFromFunction } from '../losses/from_function.js';
import { mixedLoss } from '../losses/mixed.js';
import { TaskMetrics } from '../metrics/task_metrics.js';
import { taskExtensions } from '../training/task_extensions.js';
import { train } from '../training/training.js';
import { training } from '../training/optional_training.js';
import { checkUpdate } from './update.js';

// Only programs with an optimizer train, and compile losses and metrics.
training.provide(train);
taskExtensions.provide({ lossFromFunction, mixedLoss, TaskMetrics });

/** What an update computes with. */
export interface UpdateOperands extends OptimizerOperands {
  /** After weight decay, for the parameters to which it applies. */
  readonly parameters: Tensor;
  /** Whether they are one parameter, for which `isMatrix` holds; otherwise they may be parts of many, in a flat tensor. */
  readonly isMatrix: boolean;
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
  /** Whether a parameter is updated by itself, as a matrix. Default: none is. */
  readonly isMatrix?: (parameter: NamedParameter, options: Required<Options>) => boolean;
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

/** The scalars of the shared options. */
function sharedScalars({
  weightDecay = 0,
  useEma = false,
  emaMomentum = 0.99,
  emaOverwriteFrequency,
}: SharedOptions): Record<string, StepScalar> {
  // The first average is the weights.
  const momentum: StepScalar = ({ update }) => (update === 1 ? 0 : emaMomentum);
  return {
    ...(weightDecay > 0 ? { weight_decay: ({ learningRate }) => learningRate * weightDecay } : {}),
    ...(useEma ? { ema_momentum: momentum, ema_rest: (step) => 1 - momentum(step) } : {}),
    ...(useEma && emaOverwriteFrequency !== undefined
      ? { ema_overwrite: ({ update }) => (update % emaOverwriteFrequency === 0 ? 1 : 0) }
      : {}),
  };
}

/** Records the change of the average by the new parameters; returns the parameters, or the average when it overwrites them. */
function averaged(
  next: Tensor,
  slot: Tensor,
  { emaOverwriteFrequency }: SharedOptions,
  scalar: UpdateOperands['scalar'],
): Tensor {
  const average = add(multiply(next, scalar('ema_rest')), multiply(slot, scalar('ema_momentum')));
  assign(slot, average);
  return emaOverwriteFrequency === undefined ? next : where(scalar('ema_overwrite'), average, next);
}

/** Defines an optimizer: returns the function that users call. */
export function defineOptimizer<Options extends object>({
  name,
  rules,
  defaults,
  learningRate: defaultRate,
  scalars: scalarsOf = () => rateAlone,
  slots = () => [],
  isMatrix = () => false,
  update,
  updateInPlace,
}: OptimizerDeclaration<Options>): OptimizerFactory<Options, DefinedOptimizer> {
  type Given = Options & LearningRateOption & SharedOptions;
  const allRules = (): Rules<Given> =>
    ({ learningRate: rateRule(), ...rules(), ...sharedRules() }) as unknown as Rules<Given>;
  const make = (given: Given = {} as Given): DefinedOptimizer => {
    const who = `optimizers.${name}`;
    checkCall(who, given, allRules);
    const { learningRate = defaultRate, ...own } = given;
    // An undefined option takes its default, like a missing one.
    const set = Object.entries(own).filter(([, value]) => value !== undefined);
    const options = { ...defaults, ...Object.fromEntries(set) } as Required<Options> & SharedOptions;
    checkShared(who, options);
    const { weightDecay = 0, clipValue, clipNorm, globalClipNorm, useEma = false } = options;
    const scalars = { ...scalarsOf(options), ...sharedScalars(options) };
    const names = Object.keys(scalars);
    const isPlain = weightDecay === 0 && !useEma && !(clipValue ?? clipNorm ?? globalClipNorm);
    const inPlace = isPlain ? updateInPlace?.(options) : undefined;
    const optimizer: DefinedOptimizer = {
      name,
      learningRate,
      slots: [...slots(options), ...(useEma ? [emaSlot] : [])],
      scalars,
      config: configOf(options),
      treatmentOf: (parameter) => {
        const isOne = isMatrix(parameter, options);
        return {
          decay: weightDecay > 0 && parameter.decay === true && !isExcluded(options, parameter.name),
          isAlone: isOne || clipNorm !== undefined,
          isMatrix: isOne,
        };
      },
      gradientFactor: (gradients) =>
        globalClipNorm === undefined ? undefined : normFactor(gradients, globalClipNorm),
      apply: (operands, { decay, isMatrix: isOne = false }) => {
        const { parameters, gradients: raw, slots: kept, stepScalars, state } = operands;
        checkUpdate(name, { parameters, gradients: raw, ...kept, stepScalars, state }, names.length);
        if (inPlace) {
          inPlace(operands);
          return;
        }
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
        const gradients = clipped(operands, options);
        const next = update({ ...operands, parameters: before, gradients, isMatrix: isOne, scalar }, options);
        assign(parameters, useEma ? averaged(next, kept[emaSlot]!, options, scalar) : next);
      },
      over: (parameters, loop) => new OwnLoop(optimizer, parameters, loop),
    };
    return optimizer;
  };
  const factory = Object.assign(make, {
    optimizerName: name,
    checkConfig: (who: string, config: object) => checkOptions<object>(who, config, allRules()),
  });
  registerOptimizer(name, factory);
  return factory;
}
