/** Random contrast: active in training only. */
import { add, multiply, scale, subtract } from '../../kernels/arithmetic.js';
import { mean } from '../../kernels/mean.js';
import type { Layer } from './layer.js';
import { type RandomColourOptions, randomColourLayer } from './random_colour.js';

/** A `factor` of −1 leaves no contrast. */
export type RandomContrastOptions = RandomColourOptions;

/**
 * In training, y = clip(m + (1 + f) · (x − m), black, white) with the mean m of each channel and a random f per image; otherwise
 * the identity. Shapes: [N,H,W,C] → the same.
 *
 * Throws: UsageError for options out of range; ShapeError if the input does not have three axes per sample.
 * Source: Keras, `RandomContrast`, where `valueRange` is [0, 255] unless it is given.
 */
export function randomContrast(options: RandomContrastOptions): Layer {
  return randomColourLayer(options, {
    className: 'RandomContrast',
    caller: 'layers.randomContrast',
    most: 10,
    change: (x, factor) => {
      const centre = mean(x, { axis: [1, 2], keepDims: true });
      return add(centre, multiply(scale(factor, 1, 1), subtract(x, centre)));
    },
  });
}
