/** The largest of several inputs, element by element. */
import { maximum as extreme } from '../../kernels/extremes.js';
import type { Layer, LayerOptions } from './layer.js';
import { merging } from './merge.js';

/**
 * y = max(x₁, x₂, …). Shapes: inputs [N,…] → their common shape; see `merging`.
 *
 * Throws: UsageError for unknown options; ShapeError when the inputs do not fit.
 */
export function maximum(options: LayerOptions = {}): Layer {
  const merge = { className: 'Maximum', who: 'layers.maximum' };
  return merging(
    { ...merge, merge: ([first, ...others]) => others.reduce((y, x) => extreme(y, x), first) },
    options,
  );
}
