/** Random contrast: active in training only. */
import { add, multiply, scale, subtract } from '../../kernels/arithmetic.js';
import { clip } from '../../kernels/extremes.js';
import { mean } from '../../kernels/mean.js';
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

export interface RandomContrastOptions extends LayerOptions {
  /** f for −f … f, or [lower, upper]; −1 leaves no contrast. */
  readonly factor: Factor;
  /** The values of black and white: [0, 1] for images of a set, [0, 255] for unscaled bytes. */
  readonly valueRange: ValueRange;
}

const rules = (): Rules<RandomContrastOptions> => ({
  factor: required(factorRule(-1, 10)),
  valueRange: required(valueRangeRule()),
  ...layerRules(),
});

/**
 * In training, y = clip(m + (1 + f) · (x − m), black, white) with the mean m of each channel and a random f per image; otherwise
 * the identity. Shapes: [N,H,W,C] → the same.
 *
 * Throws: UsageError for options out of range; ShapeError if the input does not have three axes per sample.
 * Source: Keras, `RandomContrast`, where `valueRange` is [0, 255] unless it is given.
 */
export function randomContrast(options: RandomContrastOptions): Layer {
  checkOptions('layers.randomContrast', options, rules());
  const { factor, valueRange } = options;
  const [black, white] = valueRange;
  return augmentationLayer(options, {
    className: 'RandomContrast',
    config: { factor, valueRange },
    outputShape: sameImage('layers.randomContrast'),
    draws: 1,
    augment: (x, draw) => {
      const contrast = scale(draw(0, limitsOf(factor)), 1, 1);
      const centre = mean(x, { axis: [1, 2], keepDims: true });
      return clip(add(centre, multiply(contrast, subtract(x, centre))), black, white);
    },
  });
}
