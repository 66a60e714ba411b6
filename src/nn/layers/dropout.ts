/** Dropout layer: active in training only. */
import { ShapeError } from '../../errors.js';
import { fill, multiply } from '../../kernels/arithmetic.js';
import { dropout as drop } from '../../kernels/dropout.js';
import { layerStream, streams } from '../../random.js';
import { type Rules, belowOne, checkOptions, extents, orNull, required } from '../../options.js';
import { type Layer, type LayerOptions, makeLayer, layerRules } from './layer.js';

export interface DropoutOptions extends LayerOptions {
  /** The share of values to drop, 0 ≤ rate < 1. */
  readonly rate: number;
  /**
   * The shape of a sample's mask: along an axis of 1 its values are kept or dropped together; [1, 1, channels] drops whole channels.
   * Keras's without the batch axis. Default: that of the input.
   */
  readonly noiseShape?: readonly number[] | null;
}

const rules = (): Rules<DropoutOptions> => ({
  rate: required(belowOne),
  noiseShape: orNull(extents),
  ...layerRules(),
});

/**
 * In training, sets a random share of the values to 0 and scales the others by 1 / (1 − rate); otherwise the identity.
 *
 * Throws: UsageError if the rate is out of range; ShapeError for a noiseShape that does not broadcast to the input.
 * Source: Srivastava et al. 2014.
 */
export function dropout(options: DropoutOptions): Layer {
  checkOptions('layers.dropout', options, rules());
  const { rate, noiseShape = null } = options;
  return makeLayer(options, {
    className: 'Dropout',
    config: { rate, ...(noiseShape && { noiseShape }) },
    outputShape: ([x]) => {
      const fits = noiseShape?.every((extent, i) => extent === 1 || extent === x[i]) ?? true;
      if (noiseShape && !(fits && noiseShape.length === x.length))
        throw new ShapeError(
          `layers.dropout: noiseShape is [${noiseShape.join(',')}], expected the extents of the input, [${x.join(',')}] per sample, or 1.`,
        );
      return x;
    },
    call: ([x], _, { isTraining, state, stream, isMicroBatch }) => {
      if (!isTraining || rate === 0) return x;
      const drawn = { rate, stream: layerStream(streams.dropout, stream), state, isMicroBatch };
      return noiseShape ? multiply(x, drop(fill([x.shape[0]!, ...noiseShape], 1), drawn)) : drop(x, drawn);
    },
  });
}
