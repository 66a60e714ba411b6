/** Multiplicative noise with the mean and variance of dropout: active in training only. */
import { multiply, scale } from '../../kernels/arithmetic.js';
import { randomNormal } from '../../kernels/random_normal.js';
import { layerStream, streams } from '../../random.js';
import { type Rules, belowOne, checkOptions, required } from '../../options.js';
import { type Layer, type LayerOptions, makeLayer, layerRules } from './layer.js';

export interface GaussianDropoutOptions extends LayerOptions {
  /** The rate of the dropout with the same variance, 0 ≤ rate < 1. */
  readonly rate: number;
}

const rules = (): Rules<GaussianDropoutOptions> => ({ rate: required(belowOne), ...layerRules() });

/**
 * In training, y = x·(1 + n·√(rate / (1 − rate))) with a standard normal n per value and step; otherwise the identity. The
 * factors are stored for the backward pass, unlike dropout's masks.
 *
 * Throws: UsageError if the rate is out of range. Source: Srivastava et al. 2014, section 10.
 */
export function gaussianDropout(options: GaussianDropoutOptions): Layer {
  checkOptions('layers.gaussianDropout', options, rules());
  const { rate } = options;
  const stddev = Math.sqrt(rate / (1 - rate));
  return makeLayer(options, {
    className: 'GaussianDropout',
    config: { rate },
    outputShape: ([x]) => x,
    call: ([x], _, { isTraining, state, stream, isMicroBatch }) => {
      if (!isTraining || rate === 0) return x;
      const drawn = { stream: layerStream(streams.gaussian, stream), state, isMicroBatch };
      return multiply(x, scale(randomNormal(x.shape, drawn), stddev, 1));
    },
  });
}
