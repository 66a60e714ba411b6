/** Dropout that keeps mean and variance, for networks of `selu`. */
import { scale, subtract } from '../../kernels/arithmetic.js';
import { dropout } from '../../kernels/dropout.js';
import { layerStream, streams } from '../../random.js';
import { type Rules, belowOne, checkOptions, required } from '../../options.js';
import { type Layer, type LayerOptions, makeLayer, layerRules } from './layer.js';

export interface AlphaDropoutOptions extends LayerOptions {
  /** The share of values to drop, 0 ≤ rate < 1. */
  readonly rate: number;
}

const rules = (): Rules<AlphaDropoutOptions> => ({ rate: required(belowOne), ...layerRules() });

/** −λα of selu: the value that it approaches at −∞. */
const saturation = -1.7580993408473766;

/**
 * In training, sets a random share of the values to −1.758, where selu saturates, and scales and shifts all of them so that
 * mean 0 and variance 1 are kept; otherwise the identity.
 *
 *   y = a·(x or α′) + b with a = 1/√((1 − rate)·(1 + rate·α′²)), b = −a·α′·rate
 *
 * Throws: UsageError if the rate is out of range. Source: Klambauer et al. 2017.
 */
export function alphaDropout(options: AlphaDropoutOptions): Layer {
  checkOptions('layers.alphaDropout', options, rules());
  const { rate } = options;
  const a = 1 / Math.sqrt((1 - rate) * (1 + rate * saturation ** 2));
  return makeLayer(options, {
    className: 'AlphaDropout',
    config: { rate },
    outputShape: ([x]) => x,
    call: ([x], _, { isTraining, state, stream, isMicroBatch }) => {
      if (!isTraining || rate === 0) return x;
      const drawn = { rate, stream: layerStream(streams.dropout, stream), state, isMicroBatch };
      // (x − α′) / (1 − rate) where the value stays, otherwise 0.
      const above = dropout(subtract(x, saturation), drawn);
      return scale(above, a * (1 - rate), a * saturation * (1 - rate));
    },
  });
}
