/** The sum of several inputs, such as a residual connection. */
import { add as sumOf } from '../../kernels/arithmetic.js';
import type { Layer, LayerOptions } from './layer.js';
import { merging } from './merge.js';

/**
 * y = x₁ + x₂ + … Shapes: inputs [N,…] → their common shape; see `merging`.
 *
 * Throws: UsageError for unknown options; ShapeError when the inputs do not fit.
 */
export function add(options: LayerOptions = {}): Layer {
  const merge = { className: 'Add', who: 'layers.add' };
  return merging(
    { ...merge, merge: ([first, ...others]) => others.reduce((sum, x) => sumOf(sum, x), first) },
    options,
  );
}
