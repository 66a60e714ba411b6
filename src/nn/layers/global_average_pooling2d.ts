/** Global average pooling layer. */
import { mean } from '../../kernels/mean.js';
import { type GlobalPooling2dOptions, globalPooling2d } from './global_pooling2d.js';
import type { Layer } from './layer.js';

/**
 * The mean of each channel over the whole image. Shapes: [N,H,W,C] → [N,C], or [N,1,1,C] with `keepDims`.
 *
 * Throws: UsageError for unknown options, ShapeError if the input does not have three axes per sample.
 */
export function globalAveragePooling2d(options: GlobalPooling2dOptions = {}): Layer {
  return globalPooling2d(
    { className: 'GlobalAveragePooling2D', who: 'layers.globalAveragePooling2d', reduce: mean },
    options,
  );
}
