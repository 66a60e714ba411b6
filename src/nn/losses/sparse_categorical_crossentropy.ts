/** Cross-entropy of integer labels, fused with a preceding softmax. */
import type { Tensor } from '../../engine/tensor.js';
import { currentTrace } from '../../engine/trace.js';
import { probabilitiesCrossEntropy, softmaxCrossEntropy } from '../../kernels/softmax_cross_entropy.js';
import type { Loss } from './loss.js';

/**
 * The mean cross-entropy of integer labels given a model's output: probabilities from a softmax, otherwise logits.
 *
 *   loss = −Σ_n log p[n, label[n]] / count
 *
 * One kernel computes the loss and its gradient from the logits; the plan then drops the softmax, unless something else reads
 * the probabilities. The metric is `accuracy`: the share of samples whose largest value is that of their label.
 * Shapes: output [N,K], labels [N] u32 → loss [], totals [4] = (Σ losses, correct rows, counted rows, 0).
 * Units: nats. Throws (while recording): ShapeError if the operands do not fit.
 */
export function sparseCategoricalCrossentropy(): Loss {
  return {
    name: 'sparseCategoricalCrossentropy',
    sums: ['loss', 'accuracy', 'count', null],
    target: 'labels',
    guessing: (outputShape) => Math.log(outputShape.at(-1) ?? 1),
    apply: (output, labels) => {
      const logits = logitsOf(output);
      return logits ? probabilitiesCrossEntropy(output, logits, labels) : softmaxCrossEntropy(output, labels);
    },
  };
}

/** The logits whose softmax is `output` in this program; undefined for any other tensor. */
export function logitsOf(output: Tensor): Tensor | undefined {
  const call = currentTrace()?.producerOf(output);
  return call?.op === 'softmax' ? call.inputs['x'] : undefined;
}
