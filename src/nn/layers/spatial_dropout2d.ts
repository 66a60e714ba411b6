/** Dropout of whole channels of an image: neighbouring pixels are so alike that dropping some of them changes little. */
import { ShapeError } from '../../errors.js';
import { type Rules, belowOne, checkOptions, required } from '../../options.js';
import { dropout } from './dropout.js';
import { type Layer, type LayerOptions, makeLayer, layerRules } from './layer.js';

export interface SpatialDropout2dOptions extends LayerOptions {
  /** The share of channels to drop, 0 ≤ rate < 1. */
  readonly rate: number;
}

const rules = (): Rules<SpatialDropout2dOptions> => ({ rate: required(belowOne), ...layerRules() });

/**
 * In training, sets a random share of each sample's channels to 0 and scales the others by 1 / (1 − rate); otherwise the
 * identity. Shapes: [N,H,W,C] → the same.
 *
 * Throws: UsageError if the rate is out of range, ShapeError if the input does not have three axes per sample.
 * Source: Tompson et al. 2015.
 */
export function spatialDropout2d(options: SpatialDropout2dOptions): Layer {
  checkOptions('layers.spatialDropout2d', options, rules());
  const { rate } = options;
  const perChannel = (channels: number): Layer => dropout({ rate, noiseShape: [1, 1, channels] });
  return makeLayer(options, {
    className: 'SpatialDropout2D',
    config: { rate },
    outputShape: ([x]) => {
      if (x.length !== 3)
        throw new ShapeError(
          `layers.spatialDropout2d: the input is [${x.join(',')}] per sample, expected [height,width,channels].`,
        );
      return x;
    },
    call: ([x], parameters, context) => perChannel(x.shape[3]!).call([x], parameters, context),
  });
}
