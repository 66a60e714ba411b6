/** The product of several inputs, such as a gate. */
import { multiply as product } from '../../kernels/arithmetic.js';
import type { Layer, LayerOptions } from './layer.js';
import { merging } from './merge.js';

/**
 * y = x₁ · x₂ · …, element by element. Shapes: inputs [N,…] → their common shape; see `merging`.
 *
 * Throws: UsageError for unknown options; ShapeError when the inputs do not fit.
 */
export function multiply(options: LayerOptions = {}): Layer {
  const merge = { className: 'Multiply', who: 'layers.multiply' };
  return merging(
    { ...merge, merge: ([first, ...others]) => others.reduce((y, x) => product(y, x), first) },
    options,
  );
}
