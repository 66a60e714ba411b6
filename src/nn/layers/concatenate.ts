/** Concatenation of several inputs, such as the features of two branches. */
import { ShapeError } from '../../errors.js';
import { concatenate as join } from '../../kernels/concatenate.js';
import { type Rules, checkOptions, rule } from '../../options.js';
import { type Layer, type LayerOptions, makeLayer, layerRules } from './layer.js';

export interface ConcatenateOptions extends LayerOptions {
  /** Counted with the batch axis, which is 0 and not allowed; negative ones count from the last. Default −1. */
  readonly axis?: number;
}

const rules = (): Rules<ConcatenateOptions> => ({
  axis: rule('an integer other than 0', (value) => Number.isSafeInteger(value) && value !== 0),
  ...layerRules(),
});

/**
 * Concatenates the inputs along an axis. Shapes: inputs [N,…], equal except along that axis → the sum of their extents there.
 *
 * Throws: UsageError for options out of range; ShapeError if there is no such axis, or the shapes differ elsewhere.
 * Source: Keras for the name and the counting of axes.
 */
export function concatenate(options: ConcatenateOptions = {}): Layer {
  checkOptions('layers.concatenate', options, rules());
  const { axis = -1 } = options;
  return makeLayer(options, {
    className: 'Concatenate',
    config: { axis },
    takesSeveral: true,
    outputShape: (inputs) => {
      const [first] = inputs;
      // Without the batch axis.
      const at = axis < 0 ? axis + first.length : axis - 1;
      if (first[at] === undefined)
        throw new ShapeError(
          `layers.concatenate: axis ${axis} is not an axis of [${first.join(',')}] per sample.`,
        );
      const common = (shape: readonly number[]): string =>
        shape.map((extent, i) => (i === at ? '' : extent)).join();
      const odd = inputs.find((shape) => shape.length !== first.length || common(shape) !== common(first));
      if (odd)
        throw new ShapeError(
          `layers.concatenate: the inputs are [${first.join(',')}] and [${odd.join(',')}] per sample, expected equal extents except along axis ${axis}.`,
        );
      return first.with(
        at,
        inputs.reduce((sum, shape) => sum + shape[at]!, 0),
      );
    },
    call: (inputs) => join(inputs, axis),
  });
}
