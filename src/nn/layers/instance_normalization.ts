/** Instance normalisation. Letters: C channels, the last axis. */
import { ShapeError } from '../../errors.js';
import { type Rules, checkOptions, positive } from '../../options.js';
import { type Layer, type LayerOptions, makeLayer, layerRules } from './layer.js';
import {
  type Affine,
  affine,
  affineConfig,
  affineParameters,
  affineRules,
  normalised,
} from './normalization.js';

export interface InstanceNormalizationOptions extends LayerOptions, Affine {
  /** Added to the variance to avoid division by 0. Default 10⁻³. */
  readonly epsilon?: number;
}

const rules = (): Rules<InstanceNormalizationOptions> => ({
  epsilon: positive,
  ...affineRules(),
  ...layerRules(),
});

/**
 * Normalises each channel of each sample to mean 0 and standard deviation 1, then scales by γ and shifts by β.
 *
 *   y = γ·(x − μ)/√(v + ε) + β, with μ and v over the pixels
 *
 * The same in training and evaluation, whatever the size of a batch.
 * Shapes: x [N,…,C] with one axis or more of pixels, γ and β [C] → y like x. Initial values: γ 1, β 0.
 * Throws: UsageError for options out of range, ShapeError for an input without pixels.
 * Source: Ulyanov, Vedaldi and Lempitsky 2016; Keras has it as GroupNormalization with a group per channel.
 */
export function instanceNormalization(options: InstanceNormalizationOptions = {}): Layer {
  checkOptions('layers.instanceNormalization', options, rules());
  const { epsilon = 1e-3 } = options;
  return makeLayer(options, {
    className: 'InstanceNormalization',
    config: { epsilon, ...affineConfig(options) },
    outputShape: ([x]) => {
      if (x.length < 2)
        throw new ShapeError(
          `layers.instanceNormalization: the input is [${x.join(',')}] per sample, expected pixels and channels.`,
        );
      return x;
    },
    parameters: ([x]) => affineParameters(x.slice(-1), options),
    call: ([x], parameters) => {
      const pixels = x.shape.slice(1, -1).map((_, i) => i + 1);
      return affine(normalised(x, pixels, epsilon), parameters, x.shape.slice(-1));
    },
  });
}
