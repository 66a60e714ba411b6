/**
 * Options that take an optimizer: an object, or the name of one that is defined. Apart from what defines them: models need only
 * this.
 */
import { hintFor } from '../../option_hints.js';
import { required } from '../../options.js';
import type { Optimizer, OptimizerFactory } from './optimizer.js';

const factories = new Map<string, OptimizerFactory<object>>();

/** Registers an optimizer by its name in files; `defineOptimizer` does. */
export function registerOptimizer<Options extends object>(
  name: string,
  factory: OptimizerFactory<Options>,
): void {
  factories.set(name, factory as OptimizerFactory<object>);
}

/** The optimizers that have been defined, by name. */
export function registeredOptimizers(): ReadonlyMap<string, OptimizerFactory<object>> {
  return factories;
}

/** Accepts custom optimizers, too, and the names of those that a module of the program has defined. */
export const optimizerRule = () =>
  required((value) => {
    if (typeof value !== 'string') {
      const { apply, slots } = (value ?? {}) as Partial<Optimizer>;
      return typeof apply === 'function' && Array.isArray(slots)
        ? undefined
        : "an optimizer, such as optimizers.rmsprop(), or the name of one, such as 'rmsprop'";
    }
    if (factories.has(value)) return undefined;
    const known = [...factories.keys()].sort();
    const hint = hintFor(value, known);
    return `a name among those that the program imports, ${known.join(', ') || 'of which there is none'}, or the result of an optimizer's function, such as optimizers.adam()${hint ? `; ${hint.slice(0, -1)}` : ''}`;
  });

/** The optimizer, or the one of this name, which `optimizerRule` accepts, with its default options. */
export function optimizerOfName(optimizer: Optimizer | string): Optimizer {
  return typeof optimizer === 'string' ? factories.get(optimizer)!() : optimizer;
}
