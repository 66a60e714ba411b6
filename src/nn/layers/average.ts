/** The mean of several inputs, such as the members of an ensemble. */
import { add, divide } from '../../kernels/arithmetic.js';
import type { Layer, LayerOptions } from './layer.js';
import { merging } from './merge.js';

/**
 * y = (x₁ + … + xₖ) / k. Shapes: inputs [N,…] → their common shape; see `merging`.
 *
 * Throws: UsageError for unknown options; ShapeError when the inputs do not fit.
 */
export function average(options: LayerOptions = {}): Layer {
  const merge = { className: 'Average', who: 'layers.average' };
  return merging(
    {
      ...merge,
      merge: ([first, ...others]) =>
        divide(
          others.reduce((sum, x) => add(sum, x), first),
          1 + others.length,
        ),
    },
    options,
  );
}
