/** Optimizers: what they keep beside each parameter, and one dispatch that updates all. */
import type { Tensor } from '../engine/tensor.js';
import { rmsprop as rmspropStep, sgd as sgdStep, sgdMomentum } from '../kernels/index.js';
import { checkCall } from '../calls.js';
import {
  type Rules,
  belowOne,
  check,
  checkOptions,
  flag,
  oneOf,
  positive,
  required,
  rule,
  within,
} from '../options.js';
import { type OptimizerName, optimizerNames } from './names.js';
import { type LearningRate, rateRule } from './schedules.js';

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

export interface Optimizer {
  readonly name: string;
  /** Changing it takes effect from the next step on. */
  learningRate: LearningRate;
  /** Names of the values kept beside each parameter. */
  readonly slots: readonly string[];
  /** What the update reads of each step, by name: the columns of the table. */
  readonly scalars: Readonly<Record<string, StepScalar>>;
  readonly config: Readonly<Record<string, number | string | boolean>>;
  /** Records the update, in place. */
  apply(operands: OptimizerOperands): void;
}

const rateAlone: Optimizer['scalars'] = { learning_rate: ({ learningRate }) => learningRate };

export interface RmspropOptions {
  readonly learningRate?: LearningRate;
  /** Share of the old mean square that stays. */
  readonly rho?: number;
  readonly epsilon?: number;
  /** 'inside' the root as in Keras, or 'outside' as in PyTorch. */
  readonly epsilonPlacement?: 'inside' | 'outside';
}

const rmspropRules = (): Rules<RmspropOptions> => ({
  learningRate: rateRule(),
  rho: belowOne,
  epsilon: positive,
  epsilonPlacement: oneOf(['inside', 'outside']),
});

/**
 * RMSprop.
 *
 *   v ← ρ·v + (1 − ρ)·g²;   p ← p − lr·g / √(v + ε)   (or / (√v + ε))
 *
 * Throws: UsageError for values out of range. Source: Tieleman and Hinton 2012.
 */
export function rmsprop(options: RmspropOptions = {}): Optimizer {
  checkCall('optimizers.rmsprop', options, rmspropRules);
  const { learningRate = 1e-3, rho = 0.9, epsilon = 1e-8, epsilonPlacement = 'inside' } = options;
  return {
    name: 'rmsprop',
    learningRate,
    slots: ['mean_square'],
    scalars: rateAlone,
    config: { rho, epsilon, epsilonPlacement },
    apply: ({ slots, ...others }) => {
      const operands = { ...others, meanSquare: slots['mean_square']! };
      rmspropStep(operands, { rho, epsilon, epsilonInsideRoot: epsilonPlacement === 'inside' });
    },
  };
}

export interface SgdOptions {
  readonly learningRate?: LearningRate;
  /** Share of the old velocity that stays; 0 is plain gradient descent and keeps none. */
  readonly momentum?: number;
  /** Takes the step from where the velocity leads. */
  readonly nesterov?: boolean;
}

const sgdRules = (): Rules<SgdOptions> => ({
  learningRate: rateRule(),
  momentum: within(0, 1),
  nesterov: flag,
});

/**
 * Gradient descent, with momentum when wanted.
 *
 *   p ← p − lr·g;   with momentum μ:  v ← μ·v − lr·g,  p ← p + v   (Nesterov: p ← p + μ·v − lr·g)
 *
 * Throws: UsageError for values out of range. Source: Keras for the forms and defaults.
 */
export function sgd(options: SgdOptions = {}): Optimizer {
  checkCall('optimizers.sgd', options, sgdRules);
  const { learningRate = 0.01, momentum = 0, nesterov = false } = options;
  return {
    name: 'sgd',
    learningRate,
    slots: momentum > 0 ? ['velocity'] : [],
    scalars: rateAlone,
    config: { momentum, nesterov },
    apply: ({ slots, ...operands }) => {
      if (momentum === 0) sgdStep(operands);
      else sgdMomentum({ ...operands, velocity: slots['velocity']! }, { momentum, isNesterov: nesterov });
    },
  };
}

/** What makes an optimizer from a config, and what checks one. */
/* @__NO_SIDE_EFFECTS__ */
const entry = <Options extends object>(
  make: (options: Options) => Optimizer,
  rules: () => Rules<Options>,
): {
  readonly make: (config: object) => Optimizer;
  readonly check: (who: string, config: object) => void;
} => ({
  make: (config) => make(config as Options),
  check: (who, config) => checkOptions<Options>(who, config as Options, rules()),
});

const byName = {
  rmsprop: entry(rmsprop, rmspropRules),
  sgd: entry(sgd, sgdRules),
} satisfies Record<OptimizerName, unknown>;

/** An optimizer's name and its options, as files keep them. */
type OptimizerConfig = Pick<Optimizer, 'name' | 'config'>;

/** Throws: UsageError for an unknown name, and for options that break the rules of that optimizer. */
export function checkOptimizer({ name, config }: OptimizerConfig): void {
  check('optimizer', 'name', name, oneOf(optimizerNames));
  byName[name as OptimizerName].check(`optimizers.${name}`, config);
}

/** An optimizer of the caller's own is as good as ours. */
export const optimizerRule = () =>
  required(
    // By name, not from the table: who uses one of them does not load the others.
    rule('optimizers.rmsprop() or optimizers.sgd()', (value) => {
      const { apply, slots } = (value ?? {}) as Partial<Optimizer>;
      return typeof apply === 'function' && Array.isArray(slots);
    }),
  );

/**
 * The optimizer that a saved model describes; model.json keeps its name and config, not its learning rate.
 *
 * Throws: UsageError for an unknown name or values out of range.
 */
export function optimizerFromConfig(saved: OptimizerConfig, learningRate?: LearningRate): Optimizer {
  checkCall('optimizers.fromConfig', saved, () => ({
    name: required(oneOf(optimizerNames)),
    // Held against the options of that optimizer.
    config: required(rule('an object', (value) => typeof value === 'object' && value !== null)),
  }));
  const { name, config } = saved;
  return byName[name as OptimizerName].make({
    ...config,
    ...(learningRate === undefined ? {} : { learningRate }),
  });
}
