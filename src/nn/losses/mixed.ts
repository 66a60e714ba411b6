/** The loss of samples that have two labels with shares. */
import type { Tensor } from '../../engine/tensor.js';
import { UsageError } from '../../errors.js';
import { add, fill } from '../../kernels/arithmetic.js';
import { l2Totals } from '../../kernels/l2_totals.js';
import { placeTotals } from '../../kernels/place_totals.js';
import type { Loss, RecordedLoss } from './loss.js';

/** A label of each sample, and how much it counts. Shapes: [N] u32, [N]. */
export interface SharedLabel {
  readonly target: Tensor;
  readonly weights: Tensor;
}

/**
 * Σ over the labels of their weighted losses. For cross-entropy, which is linear in the target, that is the loss of the mixed one-hot
 * target. The other sums of the totals, such as the accuracy, are those of `strongest`, the labels with the larger share.
 *
 * Throws: UsageError for a loss that is one number for the batch.
 */
export function mixedLoss(
  loss: Loss,
  output: Tensor,
  labels: readonly SharedLabel[],
  { strongest, state }: { readonly strongest: Tensor; readonly state: Tensor | undefined },
): RecordedLoss {
  const parts = labels.map(({ target, weights }) => loss.apply(output, target, { weights, state }));
  if (parts.some(({ isOfBatch }) => isOfBatch))
    throw new UsageError(
      'fit: mixup and cutmix weigh the labels of each sample, but the loss is one number for the batch; return the loss of each sample.',
    );
  const sum = parts.map((part) => part.loss).reduce((a, b) => add(a, b));
  const { totals } = loss.apply(output, strongest, { state });
  return {
    loss: sum,
    totals: l2Totals(placeTotals(totals, fill([1], 0), 0), sum, loss.sums.indexOf('count')),
  };
}
