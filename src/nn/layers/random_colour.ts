/** Layers that change the values of each image by one random number, and keep them between black and white. */
import type { ValueRange } from '../../kernels/augment.js';
import { clip } from '../../kernels/extremes.js';
import type { Tensor } from '../../engine/tensor.js';
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

export interface RandomColourOptions extends LayerOptions {
  /** f for −f … f, or [lower, upper]. */
  readonly factor: Factor;
  /** The values of black and white: [0, 1] for images of a set, [0, 255] for unscaled bytes. */
  readonly valueRange: ValueRange;
}

interface RandomColour {
  readonly className: string;
  readonly caller: string;
  /** The largest factor. */
  readonly most: number;
  /** The changed images, from a factor for each, [N,1,1,1], before they are clipped. */
  readonly change: (x: Tensor, factor: Tensor) => Tensor;
}

export function randomColourLayer(
  options: RandomColourOptions,
  { className, caller, most, change }: RandomColour,
): Layer {
  const rules = (): Rules<RandomColourOptions> => ({
    factor: required(factorRule(-1, most)),
    valueRange: required(valueRangeRule()),
    ...layerRules(),
  });
  checkOptions(caller, options, rules());
  const { factor, valueRange } = options;
  return augmentationLayer(options, {
    className,
    config: { factor, valueRange },
    outputShape: sameImage(caller),
    draws: 1,
    augment: (x, draw) => clip(change(x, draw(0, limitsOf(factor))), ...valueRange),
  });
}
