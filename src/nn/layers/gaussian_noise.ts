/** Additive noise: active in training only. */
import { add, scale } from '../../kernels/arithmetic.js';
import { randomNormal } from '../../kernels/random_normal.js';
import { layerStream, streams } from '../../random.js';
import { type Rules, checkOptions, notNegative, required } from '../../options.js';
import { type Layer, type LayerOptions, makeLayer, layerRules } from './layer.js';

export interface GaussianNoiseOptions extends LayerOptions {
  /** The standard deviation of the noise. */
  readonly stddev: number;
}

const rules = (): Rules<GaussianNoiseOptions> => ({ stddev: required(notNegative), ...layerRules() });

/**
 * In training, y = x + stddev·n with a standard normal n per value and step; otherwise the identity.
 *
 * Throws: UsageError if stddev is negative.
 */
export function gaussianNoise(options: GaussianNoiseOptions): Layer {
  checkOptions('layers.gaussianNoise', options, rules());
  const { stddev } = options;
  return makeLayer(options, {
    className: 'GaussianNoise',
    config: { stddev },
    outputShape: ([x]) => x,
    call: ([x], _, { isTraining, state, stream, isMicroBatch }) => {
      if (!isTraining || stddev === 0) return x;
      const drawn = { stream: layerStream(streams.gaussian, stream), state, isMicroBatch };
      return add(x, scale(randomNormal(x.shape, drawn), stddev));
    },
  });
}
