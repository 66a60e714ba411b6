/** Metrics: figures from sums over the samples of an epoch, which the device counts and the host divides. */
import type { Shape } from '../../engine/primitive.js';
import type { Tensor } from '../../engine/tensor.js';

/** The sums of a metric over the samples so far, by name. */
export type MetricSums<S extends string = string> = Readonly<Record<S, readonly number[]>>;

export interface Metric<S extends string = string> {
  /** Its name in the logs. As in Keras, in camelCase. */
  readonly name: string;
  /** The sums by name, with the number of elements of each, from the output shape without the batch axis. */
  sums(outputShape: Shape): Readonly<Record<S, number>>;
  /**
   * Records what each sample adds to each sum, in a program. Samples past the end of the epoch may have any finite values: they
   * are left out.
   *
   * Shapes: [N] for a sum of one element, [N,K] for one of K.
   */
  record(batch: MetricBatch): Readonly<Record<S, Tensor>>;
  /** The figure. */
  value(sums: MetricSums<S>): number;
}

/** What a metric compares. */
export interface MetricBatch {
  readonly output: Tensor;
  /** Labels [N,…] u32, or f32 like the output. */
  readonly target: Tensor;
  /** The output as probabilities, if the loss says how it becomes them; otherwise the output. */
  readonly probabilities: Tensor;
  /** Whether each value is the probability of a yes, by itself. */
  readonly isBinary: boolean;
}
