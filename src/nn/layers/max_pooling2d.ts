/** Max-pooling layer. */
import { ShapeError } from '../../errors.js';
import { maxPool2d } from '../../kernels/index.js';
import { type Padding, type Pair, pair, windowAttributes, windowCounts } from '../../kernels/window.js';
import type { Layer, LayerOptions } from './layer.js';

export interface MaxPooling2dOptions extends LayerOptions {
  /** Pixels; 2 when left out. */
  readonly poolSize?: Pair;
  /** Pixels between windows; the pool size when left out. */
  readonly strides?: Pair;
  readonly padding?: Padding;
}

/**
 * The maximum of each window; see `maxPool2d`. Shapes: [N,H,W,C] → [N,P,Q,C].
 *
 * Throws: ShapeError when the input has not three axes per sample or is smaller than the window.
 */
export function maxPooling2d(options: MaxPooling2dOptions = {}): Layer {
  const { poolSize = 2, strides = poolSize, padding = 'valid' } = options;
  const window = pair(poolSize);
  return {
    className: 'MaxPooling2D',
    name: options.name,
    inputShape: options.inputShape,
    endsInSoftmax: false,
    config: { poolSize: [...window], strides: [...pair(strides)], padding },
    outputShape: (inputShape) => {
      if (inputShape.length !== 3)
        throw new ShapeError(
          `layers.maxPooling2d: the input is [${inputShape.join(',')}] per sample, expected [height,width,channels].`,
        );
      const image = [1, ...inputShape];
      const attributes = windowAttributes('layers.maxPooling2d', image, window, pair(strides), padding);
      return [...windowCounts(image, window, attributes), inputShape[2] as number];
    },
    parameters: () => [],
    call: (x) => maxPool2d(x, { poolSize, strides, padding }),
  };
}
