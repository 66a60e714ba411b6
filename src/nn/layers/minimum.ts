/** The smallest of several inputs, element by element. */
import { minimum as extreme } from '../../kernels/extremes.js';
import type { Layer, LayerOptions } from './layer.js';
import { merging } from './merge.js';

/**
 * y = min(x₁, x₂, …). Shapes: inputs [N,…] → their common shape; see `merging`.
 *
 * Throws: UsageError for unknown options; ShapeError when the inputs do not fit.
 */
export function minimum(options: LayerOptions = {}): Layer {
  const merge = { className: 'Minimum', who: 'layers.minimum' };
  return merging(
    { ...merge, merge: ([first, ...others]) => others.reduce((y, x) => extreme(y, x), first) },
    options,
  );
}
