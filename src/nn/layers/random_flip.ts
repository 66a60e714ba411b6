/** Random mirror images: active in training only. */
import { less, where } from '../../kernels/comparison.js';
import { reverse } from '../../kernels/slice.js';
import { type Rules, checkOptions, oneOf } from '../../options.js';
import { augmentationLayer, sameImage } from './augmentation.js';
import { type Layer, type LayerOptions, layerRules } from './layer.js';

export interface RandomFlipOptions extends LayerOptions {
  /** Left and right, top and bottom, or each of them on its own. Default: `horizontalAndVertical`. */
  readonly mode?: 'horizontal' | 'vertical' | 'horizontalAndVertical';
}

const rules = (): Rules<RandomFlipOptions> => ({
  mode: oneOf(['horizontal', 'vertical', 'horizontalAndVertical']),
  ...layerRules(),
});

/**
 * In training, mirrors each image with probability ½, along each axis of `mode`; otherwise the identity. Shapes: [N,H,W,C] →
 * the same.
 *
 * Throws: UsageError for another mode; ShapeError if the input does not have three axes per sample. Source: Keras, `RandomFlip`.
 */
export function randomFlip(options: RandomFlipOptions = {}): Layer {
  checkOptions('layers.randomFlip', options, rules());
  const { mode = 'horizontalAndVertical' } = options;
  const axes = { vertical: [1], horizontal: [2], horizontalAndVertical: [1, 2] }[mode];
  return augmentationLayer(options, {
    className: 'RandomFlip',
    config: { mode },
    outputShape: sameImage('layers.randomFlip'),
    draws: axes.length,
    augment: (x, draw) =>
      axes.reduce((image, axis, i) => where(less(draw(i, [0, 1]), 0.5), reverse(image, axis), image), x),
  });
}
