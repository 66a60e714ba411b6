/** Cross-entropy of integer labels, fused with a preceding softmax: the loss that models have until they are compiled. */
import { checkArgument } from '../../calls.js';
import type { Tensor } from '../../engine/tensor.js';
import { currentTrace } from '../../engine/trace.js';
import { probabilitiesCrossEntropy, softmaxCrossEntropy } from '../../kernels/softmax_cross_entropy.js';
import type { Rule } from '../../options.js';
import type { Loss } from './loss.js';

/** `losses.sparseCategoricalCrossentropy` replaces this loss in a bundle that holds it. */
const unweighted: Rule = (weights) =>
  weights === undefined ? undefined : 'none here; pass losses.sparseCategoricalCrossentropy() as the loss';

/** `sparseCategoricalCrossentropy` with its default options, of samples without weights. */
export function softmaxCrossentropy(): Loss {
  return {
    name: 'sparseCategoricalCrossentropy',
    sums: ['loss', 'accuracy', 'count', null],
    target: 'labels',
    activation: 'softmax',
    guessing: (outputShape) => Math.log(outputShape.at(-1) ?? 1),
    apply: (output, labels, samples = {}) => {
      checkArgument('compile', 'sampleWeight', samples.weights, () => unweighted);
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
