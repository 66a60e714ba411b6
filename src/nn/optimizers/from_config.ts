/** Optimizers in files: a name and a config. */
import { checkCall } from '../../calls.js';
import { check, oneOf, required, rule } from '../../options.js';
import type { LearningRate } from '../training/schedules.js';
import * as optimizers from './index.js';
import type { Optimizer, OptimizerFactory } from './optimizer.js';
import { registeredOptimizers } from './optimizer_rule.js';

type OptimizerConfig = Pick<Optimizer, 'name' | 'config'>;

/** Those of the library, which is why a bundle with this module has all of them, and those that a program has defined. */
const byName = (): ReadonlyMap<string, OptimizerFactory<object>> =>
  new Map([
    ...Object.values(optimizers).map(
      (make) => [make.optimizerName, make as OptimizerFactory<object>] as const,
    ),
    ...registeredOptimizers(),
  ]);

/** Accepts the name of an optimizer. */
export const optimizerNameRule = () => oneOf([...byName().keys()]);

/** Throws: UsageError for an unknown name, or invalid options. */
export function checkOptimizer({ name, config }: OptimizerConfig): void {
  check('optimizer', 'name', name, optimizerNameRule());
  byName().get(name)!.checkConfig(`optimizers.${name}`, config);
}

/**
 * The optimizer of a saved model; model.json stores its name and config, but not its learning rate.
 *
 * Throws: UsageError for an unknown name or values out of range.
 */
export function optimizerFromConfig(saved: OptimizerConfig, learningRate?: LearningRate): Optimizer {
  checkCall('optimizers.fromConfig', saved, () => ({
    name: required(optimizerNameRule()),
    // `checkOptimizer` validates it.
    config: required(rule('an object', (value) => typeof value === 'object' && value !== null)),
  }));
  const { name, config } = saved;
  const make = byName().get(name)!;
  return make({ ...config, ...(learningRate === undefined ? {} : { learningRate }) });
}
