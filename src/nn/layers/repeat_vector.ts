/** A vector repeated, as for the steps of a sequence. */
import { ShapeError } from '../../errors.js';
import { expandDims } from '../../kernels/expand_dims.js';
import { repeat } from '../../kernels/tile.js';
import { type Rules, checkOptions, count, required } from '../../options.js';
import { type Layer, type LayerOptions, makeLayer, layerRules } from './layer.js';

export interface RepeatVectorOptions extends LayerOptions {
  readonly n: number;
}

const rules = (): Rules<RepeatVectorOptions> => ({ n: required(count), ...layerRules() });

/**
 * Repeats a vector n times. Shapes: [N,F] → [N,n,F].
 *
 * Throws: UsageError for options out of range; ShapeError if the input does not have one axis per sample.
 * Source: Keras, `RepeatVector`.
 */
export function repeatVector(options: RepeatVectorOptions): Layer {
  checkOptions('layers.repeatVector', options, rules());
  const { n } = options;
  return makeLayer(options, {
    className: 'RepeatVector',
    config: { n },
    outputShape: ([x]) => {
      if (x.length !== 1)
        throw new ShapeError(
          `layers.repeatVector: the input is [${x.join(',')}] per sample, expected [features].`,
        );
      return [n, ...x];
    },
    call: ([x]) => repeat(expandDims(x, 1), n, 1),
  });
}
