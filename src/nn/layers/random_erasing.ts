/** Erases a random rectangle: active in training only. */
import { add, divide, exp, multiply, scale, sqrt, subtract } from '../../kernels/arithmetic.js';
import { less, logicalAnd, where } from '../../kernels/comparison.js';
import { minimum } from '../../kernels/extremes.js';
import { randomNormal } from '../../kernels/random_normal.js';
import { abs, floor } from '../../kernels/rounding.js';
import type { Tensor } from '../../engine/tensor.js';
import { type Rules, checkOptions, finite, limits, orNull, within } from '../../options.js';
import { augmentationLayer, sameImage } from './augmentation.js';
import { type Layer, type LayerOptions, layerRules } from './layer.js';
import { fromCentre } from './warp.js';

export interface RandomErasingOptions extends LayerOptions {
  /** The share of images in which a rectangle is erased. Default 1. */
  readonly factor?: number;
  /** Least and largest share of the image's area. Default [0.02, 0.33]. */
  readonly scale?: readonly [number, number];
  /** Height over width lies between this and its inverse. Default 0.3. */
  readonly aspect?: number;
  /** The value of erased pixels; null for standard normal noise. Default null. */
  readonly fillValue?: number | null;
}

const rules = (): Rules<RandomErasingOptions> => ({
  factor: within(0, 1),
  scale: limits('two numbers, 0 ≤ low ≤ high ≤ 1', 0, 1),
  aspect: within(0.01, 1),
  fillValue: orNull(finite),
  ...layerRules(),
});

/**
 * In training, sets a random rectangle of each image to noise or one value; otherwise the identity. Area and the logarithm of the
 * aspect are uniform, the rectangle is cut off at the edges of the image. Shapes: [N,H,W,C] → the same.
 *
 * Throws: UsageError for options out of range; ShapeError if the input does not have three axes per sample.
 * Source: Zhong et al. 2020; Keras, `RandomErasing`.
 */
export function randomErasing(options: RandomErasingOptions = {}): Layer {
  checkOptions('layers.randomErasing', options, rules());
  const { factor = 1, scale: area = [0.02, 0.33], aspect = 0.3, fillValue = null } = options;
  return augmentationLayer(options, {
    className: 'RandomErasing',
    config: { factor, scale: area, aspect, fillValue },
    outputShape: sameImage('layers.randomErasing'),
    draws: 6,
    augment: (x, draw, random) => {
      const [, H, W] = x.shape as [number, number, number];
      const share = draw(0, area);
      const ratio = exp(draw(1, [Math.log(aspect), -Math.log(aspect)]));
      const height = minimum(scale(sqrt(multiply(share, ratio)), Math.sqrt(H * W)), H);
      const width = minimum(scale(sqrt(divide(share, ratio)), Math.sqrt(H * W)), W);
      const rows = inside(fromCentre(H, 1), H, height, draw(2, [0, 1]));
      const columns = inside(fromCentre(W, 2), W, width, draw(3, [0, 1]));
      const erased = logicalAnd(logicalAnd(rows, columns), less(draw(4, [0, 1]), factor));
      return where(erased, fillValue ?? randomNormal(x.shape, random), x);
    },
  });
}

/** Whether each pixel is inside a part of `size` rows or columns, rounded, that starts at a random one. */
function inside(fromMiddle: Tensor, extent: number, size: Tensor, drawn: Tensor): Tensor {
  const whole = floor(scale(size, 1, 0.5));
  const first = floor(multiply(drawn, scale(whole, -1, extent + 1)));
  const middle = add(first, scale(whole, 0.5, -extent / 2));
  return less(abs(subtract(fromMiddle, middle)), scale(whole, 0.5));
}
