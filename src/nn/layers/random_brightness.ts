/** Random brightness: active in training only. */
import { add, scale } from '../../kernels/arithmetic.js';
import type { Layer } from './layer.js';
import { type RandomColourOptions, randomColourLayer } from './random_colour.js';

/** `factor` is a share of the distance from black to white. */
export type RandomBrightnessOptions = RandomColourOptions;

/**
 * In training, y = clip(x + f · (white − black), black, white) with a random f per image; otherwise the identity. Shapes:
 * [N,H,W,C] → the same.
 *
 * Throws: UsageError for options out of range; ShapeError if the input does not have three axes per sample.
 * Source: Keras, `RandomBrightness`, where `valueRange` is [0, 255] unless it is given.
 */
export function randomBrightness(options: RandomBrightnessOptions): Layer {
  return randomColourLayer(options, {
    className: 'RandomBrightness',
    caller: 'layers.randomBrightness',
    most: 1,
    change: (x, factor) => add(x, scale(factor, options.valueRange[1] - options.valueRange[0])),
  });
}
