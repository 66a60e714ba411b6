/** Rectified linear unit with the options of Keras's layer. */
import { multiply, subtract } from '../../kernels/arithmetic.js';
import { greater, where } from '../../kernels/comparison.js';
import { minimum } from '../../kernels/extremes.js';
import { reluUpTo } from '../../kernels/hard_activations.js';
import { leakyRelu } from '../../kernels/leaky_relu.js';
import { relu as rectify } from '../../kernels/relu.js';
import type { Tensor } from '../../engine/tensor.js';
import { type Rules, checkOptions, notNegative, orNull } from '../../options.js';
import { type Layer, type LayerOptions, makeLayer, layerRules } from './layer.js';

export interface ReluOptions extends LayerOptions {
  /** Default null, for no limit. */
  readonly maxValue?: number | null;
  /** Default 0. */
  readonly negativeSlope?: number;
  /** Default 0. */
  readonly threshold?: number;
}

const rules = (): Rules<ReluOptions> => ({
  maxValue: orNull(notNegative),
  negativeSlope: notNegative,
  threshold: notNegative,
  ...layerRules(),
});

/**
 * y = maxValue from there on, x above the threshold, otherwise negativeSlope · (x − threshold). Shapes: [N,…] → the same.
 *
 * Throws: UsageError for options that are negative.
 */
export function relu(options: ReluOptions = {}): Layer {
  checkOptions('layers.relu', options, rules());
  const { maxValue = null, negativeSlope = 0, threshold = 0 } = options;
  const rectified = (x: Tensor): Tensor => {
    if (threshold !== 0) {
      const below = negativeSlope === 0 ? 0 : multiply(subtract(x, threshold), negativeSlope);
      return where(greater(x, threshold), x, below);
    }
    return negativeSlope === 0 ? rectify(x) : leakyRelu(x, { negativeSlope });
  };
  const isPlain = threshold === 0 && negativeSlope === 0;
  return makeLayer(options, {
    className: 'ReLU',
    config: { maxValue, negativeSlope, threshold },
    outputShape: ([x]) => x,
    call: ([x]) => {
      if (maxValue === null) return rectified(x);
      return isPlain ? reluUpTo(x, maxValue) : minimum(rectified(x), maxValue);
    },
  });
}
