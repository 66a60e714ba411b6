/** What a loss is: what training minimises of one output of a model, and what it counts of the output beside. */
import type { Shape } from '../../engine/primitive.js';
import type { Tensor } from '../../engine/tensor.js';

export interface Loss {
  /** As in Keras, in camelCase. */
  readonly name: string;
  /**
   * What the elements of `totals` add up over the samples, in order: `loss` first, then metrics, and `count`, the samples
   * themselves, somewhere. null stands for an element that holds nothing.
   */
  readonly sums: readonly ['loss', ...(string | null)[]];
  /** What a model comes to that takes every class for equally likely, by the shape of its output without the batch axis. */
  guessing?(outputShape: Shape): number;
  /**
   * Records the loss in a program. Samples whose label is 0xffffffff lie behind the end of the epoch and count nowhere.
   *
   * Shapes: output [N,…], labels [N] u32 → loss [], the mean over the samples; totals [sums].
   */
  apply(output: Tensor, labels: Tensor): { readonly loss: Tensor; readonly totals: Tensor };
}
