/** What the weights add to a loss, put where the loss is told. */
import type { Tensor } from '../engine/tensor.js';
import { add, l2Totals } from '../kernels/index.js';
import type { Model } from './model.js';

interface Losses {
  /** The mean over the batch, which is differentiated. */
  readonly loss: Tensor;
  /** Sums of the batch, which the metrics are made of. */
  readonly totals: Tensor;
}

/** Both with the model's penalty in them, as Keras reports its loss; the same ones when there is none. */
export function penalised(model: Model, { loss, totals }: Losses): Losses {
  const penalty = model.penalty();
  return penalty ? { loss: add(loss, penalty), totals: l2Totals(totals, penalty) } : { loss, totals };
}
