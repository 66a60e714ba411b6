/** Random zoom: active in training only. */
import { multiply, scale } from '../../kernels/arithmetic.js';
import type { Tensor } from '../../engine/tensor.js';
import { type Rule, type Rules, checkOptions, orNull, required } from '../../options.js';
import { type Factor, augmentationLayer, factorRule, limitsOf, sameImage } from './augmentation.js';
import { type Layer, type LayerOptions, layerRules } from './layer.js';
import { type WarpOptions, fromCentre, warp, warpConfig, warpRules } from './warp.js';

export interface RandomZoomOptions extends LayerOptions, WarpOptions {
  /** f for −f … f, or [lower, upper]. Positive values show a larger part, which makes objects smaller. */
  readonly heightFactor: Factor;
  /** Default null: that drawn for the height, which keeps the aspect. */
  readonly widthFactor?: Factor | null;
}

/** Of more than −1, below which nothing is left to show. */
const zoomRule = (): Rule => factorRule(-0.99, 10);

const rules = (): Rules<RandomZoomOptions> => ({
  heightFactor: required(zoomRule()),
  widthFactor: orNull(zoomRule()),
  ...warpRules(),
  ...layerRules(),
});

/**
 * In training, shows 1 + f of the height and width of each image, with random f; otherwise the identity. Shapes: [N,H,W,C] →
 * the same.
 *
 * Throws: UsageError for options out of range; ShapeError if the input does not have three axes per sample.
 * Source: Keras, `RandomZoom`.
 */
export function randomZoom(options: RandomZoomOptions): Layer {
  checkOptions('layers.randomZoom', options, rules());
  const { heightFactor, widthFactor = null } = options;
  const reading = warpConfig(options);
  return augmentationLayer(options, {
    className: 'RandomZoom',
    config: { heightFactor, widthFactor, ...reading },
    outputShape: sameImage('layers.randomZoom'),
    draws: widthFactor === null ? 1 : 2,
    augment: (x, draw) => {
      const share = (place: number, factor: Factor): Tensor => scale(draw(place, limitsOf(factor)), 1, 1);
      const down = share(0, heightFactor);
      const across = widthFactor === null ? down : share(1, widthFactor);
      const [, H, W] = x.shape as [number, number, number];
      return warp(x, multiply(fromCentre(H, 1), down), multiply(fromCentre(W, 2), across), reading);
    },
  });
}
