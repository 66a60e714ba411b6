/** Max-pooling layer. */
import { maxPool2d } from '../../kernels/max_pool2d.js';
import type { Layer } from './layer.js';
import { type Pooling2dOptions, pooling2d } from './pooling2d.js';

/**
 * The maximum of each window; see `maxPool2d`. Shapes: [N,H,W,C] → [N,P,Q,C].
 *
 * Throws: UsageError for options out of range, ShapeError if the input does not have three axes per sample or is smaller
 * than the window.
 */
export function maxPooling2d(options: Pooling2dOptions = {}): Layer {
  return pooling2d({ className: 'MaxPooling2D', who: 'layers.maxPooling2d', pool: maxPool2d }, options);
}
