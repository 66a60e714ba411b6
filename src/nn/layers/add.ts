/** The sum of several inputs, such as a residual connection. */
import { ShapeError } from '../../errors.js';
import { add as sumOf } from '../../kernels/arithmetic.js';
import { checkOptions } from '../../options.js';
import { type Layer, type LayerOptions, defineLayer, layerRules } from './layer.js';

/**
 * Element-wise sum. Shapes: inputs [N,…], all equal → the same.
 *
 * Throws: UsageError for unknown options; ShapeError when the inputs have different shapes.
 */
export function add(options: LayerOptions = {}): Layer {
  checkOptions('layers.add', options, layerRules());
  return defineLayer(options, {
    className: 'Add',
    config: {},
    takesSeveral: true,
    outputShape: ([first, ...others]) => {
      const other = others.find((shape) => shape.join() !== first.join());
      if (other)
        throw new ShapeError(
          `layers.add: the inputs are [${first.join(',')}] and [${other.join(',')}] per sample, expected equal shapes.`,
        );
      return first;
    },
    call: ([first, ...others]) => others.reduce((sum, x) => sumOf(sum, x), first),
  });
}
