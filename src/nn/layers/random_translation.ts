/** Random translation: active in training only. */
import { scale, subtract } from '../../kernels/arithmetic.js';
import { type Rules, checkOptions, required } from '../../options.js';
import { type Factor, augmentationLayer, factorRule, limitsOf, sameImage } from './augmentation.js';
import { type Layer, type LayerOptions, layerRules } from './layer.js';
import { type WarpOptions, fromCentre, warp, warpConfig, warpRules } from './warp.js';

export interface RandomTranslationOptions extends LayerOptions, WarpOptions {
  /** Of the height, downwards: f for −f … f, or [lower, upper]. */
  readonly heightFactor: Factor;
  /** Of the width, to the right: f for −f … f, or [lower, upper]. */
  readonly widthFactor: Factor;
}

const rules = (): Rules<RandomTranslationOptions> => ({
  heightFactor: required(factorRule(-1, 1)),
  widthFactor: required(factorRule(-1, 1)),
  ...warpRules(),
  ...layerRules(),
});

/**
 * In training, moves each image by random shares of its height and width; otherwise the identity. Shapes: [N,H,W,C] → the same.
 *
 * Throws: UsageError for options out of range; ShapeError if the input does not have three axes per sample.
 * Source: Keras, `RandomTranslation`.
 */
export function randomTranslation(options: RandomTranslationOptions): Layer {
  checkOptions('layers.randomTranslation', options, rules());
  const { heightFactor, widthFactor } = options;
  const reading = warpConfig(options);
  return augmentationLayer(options, {
    className: 'RandomTranslation',
    config: { heightFactor, widthFactor, ...reading },
    outputShape: sameImage('layers.randomTranslation'),
    draws: 2,
    augment: (x, draw) => {
      const [, H, W] = x.shape as [number, number, number];
      const down = scale(draw(0, limitsOf(heightFactor)), H);
      const across = scale(draw(1, limitsOf(widthFactor)), W);
      return warp(x, subtract(fromCentre(H, 1), down), subtract(fromCentre(W, 2), across), reading);
    },
  });
}
