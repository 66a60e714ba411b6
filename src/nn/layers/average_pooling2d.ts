/** Average pooling layer. */
import { avgPool2d } from '../../kernels/avg_pool2d.js';
import type { Layer } from './layer.js';
import { type Pooling2dOptions, pooling2d } from './pooling2d.js';

/**
 * The mean of each window over its pixels inside the image; see `avgPool2d`. Shapes: [N,H,W,C] → [N,P,Q,C].
 *
 * Throws: UsageError for options out of range, ShapeError if the input does not have three axes per sample or is smaller
 * than the window.
 */
export function averagePooling2d(options: Pooling2dOptions = {}): Layer {
  return pooling2d(
    { className: 'AveragePooling2D', who: 'layers.averagePooling2d', pool: avgPool2d },
    options,
  );
}
