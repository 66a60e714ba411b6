/** Cross-entropy of integer labels. */
import { checkCall } from '../../calls.js';
import { type Tensor, checkTensors, describe } from '../../engine/tensor.js';
import { ShapeError } from '../../errors.js';
import { add, divide, fill, multiply, scale } from '../../kernels/arithmetic.js';
import { cast } from '../../kernels/cast.js';
import { notEqual, where } from '../../kernels/comparison.js';
import { maximum } from '../../kernels/extremes.js';
import { l2Totals } from '../../kernels/l2_totals.js';
import { placeTotals } from '../../kernels/place_totals.js';
import { reshape } from '../../kernels/reshape.js';
import { softmax } from '../../kernels/softmax.js';
import { atLabels, rowShares, softmaxCrossEntropy } from '../../kernels/softmax_cross_entropy.js';
import { sum } from '../../kernels/sum.js';
import { type Rules, integer, orNull } from '../../options.js';
import { activated } from './activated.js';
import {
  type CategoricalCrossentropyOptions,
  crossentropyRules,
  logProbabilities,
} from './categorical_crossentropy.js';
import { hits } from './hits.js';
import type { Loss } from './loss.js';
import { registerLosses } from './registry.js';
import { joinTotals, sampleSums, sumOverSamples } from './per_sample.js';
import { softmaxCrossentropy } from './softmax_crossentropy.js';

export interface SparseCategoricalCrossentropyOptions extends CategoricalCrossentropyOptions {
  /**
   * A label without a loss: the loss is the mean over the others of the batch. Metrics such as `accuracy` count it, as in Keras.
   * Default null: none.
   */
  readonly ignoreClass?: number | null;
}

const rules = (): Rules<SparseCategoricalCrossentropyOptions> => ({
  ...crossentropyRules(),
  ignoreClass: orNull(integer(0, 2 ** 24 - 1)),
});

/**
 * The mean cross-entropy of integer labels given a model's output: probabilities from a softmax, otherwise logits.
 *
 *   loss = −Σ_n weight[n] · log p[n, label[n]] / count
 *
 * Of outputs with positions, such as the pixels of an image, the loss of a sample is the mean over them. Without options, weights and
 * positions, one kernel computes the loss and its gradient from the logits; the plan then drops the softmax, unless something else
 * reads the probabilities. The metric is `accuracy`: the share of labels whose value is the largest. The other options are those of
 * `categoricalCrossentropy`.
 * Shapes: output [N,…,K], labels [N,…] u32 → loss [], totals [4] = (Σ losses, Σ right answers, counted samples, 0).
 * Units: nats. Throws: UsageError for options out of range; while recording, ShapeError if the operands do not fit.
 */
export function sparseCategoricalCrossentropy(options: SparseCategoricalCrossentropyOptions = {}): Loss {
  checkCall('losses.sparseCategoricalCrossentropy', options, rules);
  const { fromLogits, labelSmoothing = 0, ignoreClass = null } = options;
  const fused = softmaxCrossentropy();
  const perSample = (output: Tensor, labels: Tensor): Tensor => {
    checkTensors('sparseCategoricalCrossentropy', { output, labels });
    if (output.shape.slice(0, -1).join() !== labels.shape.join())
      throw new ShapeError(
        `sparseCategoricalCrossentropy: output ${describe(output)} and labels ${describe(labels)} do not fit, expected [N,…,K] and [N,…].`,
      );
    const logs = logProbabilities(output, fromLogits);
    const right = sum(atLabels(logs, labels), { axis: -1 });
    const all = labelSmoothing > 0 ? sum(logs, { axis: -1 }) : undefined;
    const losses = all
      ? add(scale(right, labelSmoothing - 1), scale(all, -labelSmoothing / (output.shape.at(-1) as number)))
      : scale(right, -1);
    return ignoreClass === null ? losses : where(counts(labels), losses, 0);
  };
  const counts = (labels: Tensor): Tensor => notEqual(cast(labels, 'f32'), ignoreClass as number);
  return {
    ...fused,
    ignoreClass,
    probabilities: (output) => (activated('softmax', output, fromLogits).isLogits ? softmax(output) : output),
    perSample,
    apply: (output, labels, samples = {}) => {
      if (output.shape.length > 2 || ignoreClass !== null) {
        const losses = sampleSums(fused.name, perSample(output, labels), samples);
        const right = sampleSums('accuracy', hits(output, labels), { state: samples.state });
        const { count } = losses;
        const counted = ignoreClass === null ? count : sampleSums(fused.name, counts(labels), samples).total;
        // Of a batch of ignored labels alone 0.
        const loss = divide(losses.total, ignoreClass === null ? counted : maximum(counted, tiny));
        const totals = joinTotals([multiply(loss, count), right.total, count, fill([1], 0)]);
        return { loss, totals, isOfBatch: ignoreClass !== null };
      }
      const { weights } = samples;
      if (!weights && labelSmoothing === 0 && fromLogits === undefined) return fused.apply(output, labels);
      // Its accuracy and its count do not depend on the options, and softmax keeps the order of the values.
      const { totals } = softmaxCrossEntropy(output, labels);
      const shares = reshape(rowShares(labels, totals, output.shape[1] as number), [-1]);
      const loss = sumOverSamples(multiply(perSample(output, labels), shares), samples);
      // Σ losses = count · loss
      return { loss, totals: l2Totals(placeTotals(totals, fill([1], 0), 0), loss) };
    },
  };
}

/** Below every number of labels over positions. */
const tiny = 1e-30;

registerLosses({ sparseCategoricalCrossentropy });
