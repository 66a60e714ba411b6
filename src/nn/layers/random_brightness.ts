/** Random brightness: active in training only. */
import { add, scale } from '../../kernels/arithmetic.js';
import { clip } from '../../kernels/extremes.js';
import type { ValueRange } from '../../kernels/augment.js';
import { type Rules, checkOptions, required } from '../../options.js';
import {
  type Factor,
  augmentationLayer,
  factorRule,
  limitsOf,
  sameImage,
  valueRangeRule,
} from './augmentation.js';
import { type Layer, type LayerOptions, layerRules } from './layer.js';

export interface RandomBrightnessOptions extends LayerOptions {
  /** Of the distance from black to white: f for −f … f, or [lower, upper]. */
  readonly factor: Factor;
  /** The values of black and white: [0, 1] for images of a set, [0, 255] for unscaled bytes. */
  readonly valueRange: ValueRange;
}

const rules = (): Rules<RandomBrightnessOptions> => ({
  factor: required(factorRule(-1, 1)),
  valueRange: required(valueRangeRule()),
  ...layerRules(),
});

/**
 * In training, y = clip(x + f · (white − black), black, white) with a random f per image; otherwise the identity. Shapes:
 * [N,H,W,C] → the same.
 *
 * Throws: UsageError for options out of range; ShapeError if the input does not have three axes per sample.
 * Source: Keras, `RandomBrightness`, where `valueRange` is [0, 255] unless it is given.
 */
export function randomBrightness(options: RandomBrightnessOptions): Layer {
  checkOptions('layers.randomBrightness', options, rules());
  const { factor, valueRange } = options;
  const [black, white] = valueRange;
  return augmentationLayer(options, {
    className: 'RandomBrightness',
    config: { factor, valueRange },
    outputShape: sameImage('layers.randomBrightness'),
    draws: 1,
    augment: (x, draw) => {
      const change = scale(draw(0, limitsOf(factor)), white - black);
      return clip(add(x, change), black, white);
    },
  });
}
