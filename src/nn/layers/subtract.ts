/** The difference of two inputs. */
import { subtract as difference } from '../../kernels/arithmetic.js';
import type { Layer, LayerOptions } from './layer.js';
import { merging } from './merge.js';

/**
 * y = a − b, of two inputs. Shapes: inputs [N,…] → their common shape; see `merging`.
 *
 * Throws: UsageError for unknown options; ShapeError for another number of inputs, or when they do not fit.
 */
export function subtract(options: LayerOptions = {}): Layer {
  const merge = { className: 'Subtract', who: 'layers.subtract', inputCount: 2 };
  return merging({ ...merge, merge: ([a, b]) => difference(a, b!) }, options);
}
