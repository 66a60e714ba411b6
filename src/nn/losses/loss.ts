/** A loss: what training minimises for one output of a model, and the metrics that come with it. */
import type { Shape } from '../../engine/primitive.js';
import type { Tensor } from '../../engine/tensor.js';

export interface Loss {
  /** As in Keras, in camelCase. */
  readonly name: string;
  /**
   * The names of the elements of `totals`, which are sums over the samples: `loss` first, then metrics, and anywhere `count`,
   * the number of samples. null marks an unused element.
   */
  readonly sums: readonly ['loss', ...(string | null)[]];
  /** The loss of a model that assigns every class the same probability, from the output shape without the batch axis. */
  guessing?(outputShape: Shape): number;
  /**
   * Records the loss in a program. Samples with the label 0xffffffff are past the end of the epoch and do not count.
   *
   * Shapes: output [N,…], labels [N] u32 → loss [], the mean over the samples; totals [sums].
   */
  apply(output: Tensor, labels: Tensor): { readonly loss: Tensor; readonly totals: Tensor };
}
