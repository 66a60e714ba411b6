/** What the weights add to a loss, put where the loss is told. */
import type { Tensor } from '../engine/tensor.js';
import { add, l2Totals } from '../kernels/index.js';

/** The sums of a batch with the model's penalties in them, as Keras reports its loss. */
export function penalisedTotals(totals: Tensor, penalties: readonly Tensor[]): Tensor {
  return penalties.length > 0
    ? l2Totals(
        totals,
        penalties.reduce((sum, penalty) => add(sum, penalty)),
      )
    : totals;
}
