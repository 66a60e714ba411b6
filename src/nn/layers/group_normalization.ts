/** Group normalisation. Letters: C channels, the last axis; G groups of C/G adjacent channels. */
import { sizeOf } from '../../engine/primitive.js';
import { ShapeError } from '../../errors.js';
import { reshape } from '../../kernels/reshape.js';
import { type Rules, checkOptions, count, positive } from '../../options.js';
import { type Layer, type LayerOptions, makeLayer, layerRules } from './layer.js';
import {
  type Affine,
  affine,
  affineConfig,
  affineParameters,
  affineRules,
  normalised,
} from './normalization.js';

export interface GroupNormalizationOptions extends LayerOptions, Affine {
  /** The number of groups, which divides the number of channels: 1 normalises whole samples. Default 32. */
  readonly groups?: number;
  /** Added to the variance to avoid division by 0. Default 10⁻³. */
  readonly epsilon?: number;
}

const rules = (): Rules<GroupNormalizationOptions> => ({
  groups: count,
  epsilon: positive,
  ...affineRules(),
  ...layerRules(),
});

/**
 * Normalises each group of channels of each sample to mean 0 and standard deviation 1, then scales by γ and shifts by β.
 *
 *   y = γ·(x − μ)/√(v + ε) + β, with μ and v over the pixels and channels of a group
 *
 * The same in training and evaluation, whatever the size of a batch.
 * Shapes: x [N,…,C], γ and β [C] → y like x. Initial values: γ 1, β 0.
 * Throws: UsageError for options out of range, ShapeError if the groups do not divide the channels.
 * Source: Wu and He 2018; names and defaults as in Keras.
 */
export function groupNormalization(options: GroupNormalizationOptions = {}): Layer {
  checkOptions('layers.groupNormalization', options, rules());
  const { groups = 32, epsilon = 1e-3 } = options;
  return makeLayer(options, {
    className: 'GroupNormalization',
    config: { groups, epsilon, ...affineConfig(options) },
    outputShape: ([x]) => {
      const channels = x.at(-1);
      if (channels === undefined || channels % groups > 0)
        throw new ShapeError(
          `layers.groupNormalization: the input is [${x.join(',')}] per sample, expected channels, the last axis, that ${groups} groups divide.`,
        );
      return x;
    },
    parameters: ([x]) => affineParameters(x.slice(-1), options),
    call: ([x], parameters) => {
      const channels = x.shape.at(-1) as number;
      const pixels = sizeOf(x.shape.slice(1, -1));
      const grouped = reshape(x, [x.shape[0] as number, pixels, groups, channels / groups]);
      return affine(reshape(normalised(grouped, [1, 3], epsilon), x.shape), parameters, [channels]);
    },
  });
}
