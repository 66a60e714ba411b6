/** Cross-entropy of integer labels. */
import { checkCall } from '../../calls.js';
import { type Tensor, checkTensors } from '../../engine/tensor.js';
import { add, fill, multiply, scale } from '../../kernels/arithmetic.js';
import { l2Totals } from '../../kernels/l2_totals.js';
import { placeTotals } from '../../kernels/place_totals.js';
import { reshape } from '../../kernels/reshape.js';
import { softmax } from '../../kernels/softmax.js';
import { atLabels, rowShares, softmaxCrossEntropy } from '../../kernels/softmax_cross_entropy.js';
import { sum } from '../../kernels/sum.js';
import { activated } from './activated.js';
import {
  type CategoricalCrossentropyOptions,
  crossentropyRules,
  logProbabilities,
} from './categorical_crossentropy.js';
import type { Loss } from './loss.js';
import { registerLosses } from './registry.js';
import { sumOverSamples } from './per_sample.js';
import { softmaxCrossentropy } from './softmax_crossentropy.js';

/**
 * The mean cross-entropy of integer labels given a model's output: probabilities from a softmax, otherwise logits.
 *
 *   loss = −Σ_n weight[n] · log p[n, label[n]] / count
 *
 * Without options and weights, one kernel computes the loss and its gradient from the logits; the plan then drops the softmax,
 * unless something else reads the probabilities. The metric is `accuracy`: the share of samples whose largest value is that of
 * their label. The options are those of `categoricalCrossentropy`.
 * Shapes: output [N,K], labels [N] u32 → loss [], totals [4] = (Σ losses, correct rows, counted rows, 0).
 * Units: nats. Throws: UsageError for options out of range; while recording, ShapeError if the operands do not fit.
 */
export function sparseCategoricalCrossentropy(options: CategoricalCrossentropyOptions = {}): Loss {
  checkCall('losses.sparseCategoricalCrossentropy', options, crossentropyRules);
  const { fromLogits, labelSmoothing = 0 } = options;
  const fused = softmaxCrossentropy();
  const perSample = (output: Tensor, labels: Tensor): Tensor => {
    checkTensors('sparseCategoricalCrossentropy', { output, labels });
    const logs = logProbabilities(output, fromLogits);
    const right = sum(atLabels(logs, labels), { axis: -1 });
    if (labelSmoothing === 0) return scale(right, -1);
    const all = sum(logs, { axis: -1 });
    return add(
      scale(right, labelSmoothing - 1),
      scale(all, -labelSmoothing / (output.shape.at(-1) as number)),
    );
  };
  return {
    ...fused,
    probabilities: (output) => (activated('softmax', output, fromLogits).isLogits ? softmax(output) : output),
    perSample,
    apply: (output, labels, samples = {}) => {
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

registerLosses({ sparseCategoricalCrossentropy });
