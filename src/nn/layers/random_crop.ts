/** Random parts of images: active in training only. */
import { add, scale } from '../../kernels/arithmetic.js';
import { floor } from '../../kernels/rounding.js';
import { partOf } from '../../kernels/slice.js';
import type { Tensor } from '../../engine/tensor.js';
import { ShapeError } from '../../errors.js';
import { type Rules, checkOptions, count, required } from '../../options.js';
import { augmentationLayer } from './augmentation.js';
import { checkImage } from './edges2d.js';
import { type Layer, type LayerOptions, layerRules } from './layer.js';
import { fromCentre, warp, warpConfig } from './warp.js';

export interface RandomCropOptions extends LayerOptions {
  readonly height: number;
  readonly width: number;
}

const rules = (): Rules<RandomCropOptions> => ({
  height: required(count),
  width: required(count),
  ...layerRules(),
});

/**
 * In training a random part of each image, otherwise the part at its centre. Shapes: [N,H,W,C] → [N,height,width,C]. After a layer
 * that pads, images keep their size.
 *
 * Throws: UsageError for options out of range; ShapeError if the input does not have three axes per sample, or is smaller.
 * Source: Keras, `RandomCrop`, which crops a whole batch alike.
 */
export function randomCrop(options: RandomCropOptions): Layer {
  checkOptions('layers.randomCrop', options, rules());
  const { height, width } = options;
  /** Of a random part, in pixels from the centre: all places are equally likely. */
  const positions = (extent: number, size: number, axis: 1 | 2, drawn: Tensor): Tensor => {
    const first = scale(floor(scale(drawn, extent - size + 1)), 1, (size - extent) / 2);
    return add(fromCentre(size, axis), first);
  };
  return augmentationLayer(options, {
    className: 'RandomCrop',
    config: { height, width },
    outputShape: ([x]) => {
      const [H, W, C] = checkImage('layers.randomCrop', x);
      if (height > H || width > W)
        throw new ShapeError(
          `layers.randomCrop: the input is [${x.join(',')}] per sample, smaller than ${height} × ${width}.`,
        );
      return [height, width, C];
    },
    draws: 2,
    augment: (x, draw) => {
      const [, H, W] = x.shape as [number, number, number];
      const rows = positions(H, height, 1, draw(0, [0, 1]));
      const columns = positions(W, width, 2, draw(1, [0, 1]));
      return warp(x, rows, columns, warpConfig({ interpolation: 'nearest', fillMode: 'nearest' }));
    },
    otherwise: (x) =>
      [height, width].reduce(
        (image, size, i) => partOf(image, i + 1, Math.floor((image.shape[i + 1]! - size) / 2), size),
        x,
      ),
  });
}
