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
  /**
   * What the output is compared with. 'labels': an integer per sample, [N] u32, or per
   * position of an output [N,…,K], [N,…] u32. 'values': numbers, [N, …targetShape] f32.
   * 'either': whichever the data has, integers of one per sample as labels.
   */
  readonly target: 'labels' | 'values' | 'either';
  /** A label that the data may have although it is no class of the output. */
  readonly ignoreClass?: number | null;
  /** The shape of a sample's values, from the output shape without the batch axis. Default: that shape. */
  targetShape?(outputShape: Shape): Shape;
  /** The loss of a model that assigns every class the same probability, from the output shape without the batch axis. */
  guessing?(outputShape: Shape): number;
  /**
   * What turns the output into probabilities, for metrics: 'sigmoid' for each value by itself, 'softmax' over the last axis.
   * Default: the output is compared as it is.
   */
  readonly activation?: 'sigmoid' | 'softmax';
  /** The probabilities, if there is an `activation`: the output itself unless the loss takes it as logits. */
  probabilities?(output: Tensor): Tensor;
  /** The loss of each sample, without weights, if it has one: for the metric of the same name. Shape: [N,…]. */
  perSample?(output: Tensor, target: Tensor): Tensor;
  /**
   * Records the loss in a program.
   *
   *   loss = Σ_n weights[n] · loss[n] / count
   *
   * The count is the number of samples before the end of the epoch, whatever their weights, as in Keras. Samples past the end
   * have the label 0xffffffff or the values 0, and the weight 0.
   * Shapes: output [N,…], target as `target` states → loss [], totals [sums].
   */
  apply(output: Tensor, target: Tensor, samples?: SampleWeights): RecordedLoss;
}

/** A loss, recorded in a program. */
export interface RecordedLoss {
  readonly loss: Tensor;
  readonly totals: Tensor;
  /** Whether it is one number for the batch, so that a sample past the end of the epoch would change it. */
  readonly isOfBatch?: boolean;
}

/** How much each sample of a batch counts. */
export interface SampleWeights {
  /** Default: 1 for each. Shape: [N]. */
  readonly weights?: Tensor | undefined;
  /** The state of the step, whose samples past the end of the epoch do not count. Default: all do. */
  readonly state?: Tensor | undefined;
}
