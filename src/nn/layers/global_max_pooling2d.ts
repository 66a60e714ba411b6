/** Global max pooling layer. */
import { max } from '../../kernels/max.js';
import { type GlobalPooling2dOptions, globalPooling2d } from './global_pooling2d.js';
import type { Layer } from './layer.js';

/**
 * The maximum of each channel over the whole image. Shapes: [N,H,W,C] → [N,C], or [N,1,1,C] with `keepDims`.
 *
 * Throws: UsageError for unknown options, ShapeError if the input does not have three axes per sample.
 */
export function globalMaxPooling2d(options: GlobalPooling2dOptions = {}): Layer {
  return globalPooling2d(
    { className: 'GlobalMaxPooling2D', who: 'layers.globalMaxPooling2d', reduce: max },
    options,
  );
}
