/** Penalties that a layer's weights add to the loss. */
import { nested, notNegative, orNull, required } from '../../options.js';

/** loss += l2 · Σ w², like Keras's `regularizers.L2`. */
export interface Regularizer {
  readonly l2: number;
}

export const regularizerRule = () => orNull(nested<Regularizer>({ l2: required(notNegative) }));

/** The penalty as the member of a ParameterSpec; empty if it is 0. */
export function l2Of(regularizer: Regularizer | null): { readonly l2?: number } {
  return regularizer && regularizer.l2 > 0 ? { l2: regularizer.l2 } : {};
}
