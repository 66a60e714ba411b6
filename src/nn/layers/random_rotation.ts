/** Random rotation: active in training only. */
import { add, multiply, scale, subtract } from '../../kernels/arithmetic.js';
import { cos, sin } from '../../kernels/trigonometry.js';
import { type Rules, checkOptions, required } from '../../options.js';
import { type Factor, augmentationLayer, factorRule, limitsOf, sameImage } from './augmentation.js';
import { type Layer, type LayerOptions, layerRules } from './layer.js';
import { type WarpOptions, fromCentre, warp, warpConfig, warpRules } from './warp.js';

export interface RandomRotationOptions extends LayerOptions, WarpOptions {
  /** Of a full turn, counterclockwise: f for −f … f, or [lower, upper]. */
  readonly factor: Factor;
}

const rules = (): Rules<RandomRotationOptions> => ({
  factor: required(factorRule(-1, 1)),
  ...warpRules(),
  ...layerRules(),
});

/**
 * In training, rotates each image about its centre by a random share of a full turn; otherwise the identity. Shapes: [N,H,W,C] →
 * the same.
 *
 * Throws: UsageError for options out of range; ShapeError if the input does not have three axes per sample.
 * Source: Keras, `RandomRotation`.
 */
export function randomRotation(options: RandomRotationOptions): Layer {
  checkOptions('layers.randomRotation', options, rules());
  const { factor } = options;
  const reading = warpConfig(options);
  return augmentationLayer(options, {
    className: 'RandomRotation',
    config: { factor, ...reading },
    outputShape: sameImage('layers.randomRotation'),
    draws: 1,
    augment: (x, draw) => {
      const angle = scale(draw(0, limitsOf(factor)), 2 * Math.PI);
      const [sine, cosine] = [sin(angle), cos(angle)];
      const [rows, columns] = [fromCentre(x.shape[1]!, 1), fromCentre(x.shape[2]!, 2)];
      return warp(
        x,
        add(multiply(columns, sine), multiply(rows, cosine)),
        subtract(multiply(columns, cosine), multiply(rows, sine)),
        reading,
      );
    },
  });
}
