/**
 * Options that take an optimizer: an object, or the name of one that is defined. Apart from what defines them: models need only
 * this.
 */
import { UsageError } from '../../errors.js';
import { hintFor } from '../../option_hints.js';
import { required, rule } from '../../options.js';
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

/** Accepts custom optimizers, too. */
export const optimizerRule = () =>
  required(
    rule("an optimizer, such as optimizers.rmsprop(), or the name of one, such as 'rmsprop'", (value) => {
      const { apply, slots } = (value ?? {}) as Partial<Optimizer>;
      return typeof value === 'string' || (typeof apply === 'function' && Array.isArray(slots));
    }),
  );

/**
 * The optimizer, or the one of this name with its default options.
 *
 * Throws: UsageError for a name that no module of the program has defined.
 */
export function optimizerOfName(who: string, optimizer: Optimizer | string): Optimizer {
  if (typeof optimizer !== 'string') return optimizer;
  const make = factories.get(optimizer);
  if (make) return make();
  const known = [...factories.keys()].sort();
  const hint = hintFor(optimizer, known);
  throw new UsageError(
    `${who}: the optimizer '${optimizer}' is not in this program, which has ${known.join(', ') || 'none'}; ${hint ? `${hint} Otherwise ` : ''}import it, and pass the result of its function, such as optimizers.adam().`,
  );
}
