/** Terms that a layer's weights add to the loss. */
import { UsageError } from '../../errors.js';

/** loss += l2 · Σ w², as Keras's `regularizers.L2`. */
export interface Regularizer {
  readonly l2: number;
}

/** Throws: UsageError when the weight of the term is no number from 0 on. */
export function checkRegularizer(who: string, name: string, regularizer: Regularizer | null): void {
  if (regularizer && !(regularizer.l2 >= 0 && Number.isFinite(regularizer.l2)))
    throw new UsageError(`${who}: ${name}.l2 is ${regularizer.l2}, expected a number from 0 on.`);
}

/** The weight of the term in the form in which a parameter keeps it; none when it is 0. */
export function l2Of(regularizer: Regularizer | null): { readonly l2?: number } {
  return regularizer && regularizer.l2 > 0 ? { l2: regularizer.l2 } : {};
}
