/** The axes of a sample in another order. */
import { ShapeError } from '../../errors.js';
import { transpose } from '../../kernels/transpose.js';
import { type Rules, checkOptions, extents, required } from '../../options.js';
import { type Layer, type LayerOptions, makeLayer, layerRules } from './layer.js';

export interface PermuteOptions extends LayerOptions {
  /** The axes of the input in the order of the output, counted from 1, as 0 is the batch axis. */
  readonly dims: readonly number[];
}

const rules = (): Rules<PermuteOptions> => ({ dims: required(extents), ...layerRules() });

/**
 * Permutes the axes of a sample: axis i of the output is axis dims[i] of the input. Shapes: `dims: [2, 1]` makes [N,A,B] → [N,B,A].
 *
 * Throws: UsageError for options out of range; ShapeError if `dims` does not contain each axis of the input once.
 * Source: Keras, `Permute`.
 */
export function permute(options: PermuteOptions): Layer {
  checkOptions('layers.permute', options, rules());
  const { dims } = options;
  return makeLayer(options, {
    className: 'Permute',
    config: { dims: [...dims] },
    outputShape: ([x]) => {
      if (dims.length !== x.length || !x.every((_, axis) => dims.includes(axis + 1)))
        throw new ShapeError(
          `layers.permute: dims is [${dims.join(',')}] for the input [${x.join(',')}] per sample, expected each of 1 to ${x.length} once.`,
        );
      return dims.map((axis) => x[axis - 1]!);
    },
    call: ([x]) => transpose(x, [0, ...dims]),
  });
}
