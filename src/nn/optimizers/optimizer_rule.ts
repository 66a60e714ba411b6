/** The rule for options that take an optimizer, apart from what defines one: models need only the rule. */
import { required, rule } from '../../options.js';
import type { Optimizer } from './optimizer.js';

/** Accepts custom optimizers, too. */
export const optimizerRule = () =>
  required(
    rule('an optimizer, such as optimizers.rmsprop()', (value) => {
      const { apply, slots } = (value ?? {}) as Partial<Optimizer>;
      return typeof apply === 'function' && Array.isArray(slots);
    }),
  );
