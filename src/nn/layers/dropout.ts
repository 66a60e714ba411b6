/** Dropout layer: active in training only. */
import { dropout as drop } from '../../kernels/dropout.js';
import { layerStream, streams } from '../../random.js';
import { type Rules, belowOne, checkOptions, required } from '../../options.js';
import { type Layer, type LayerOptions, defineLayer, layerRules } from './layer.js';

export interface DropoutOptions extends LayerOptions {
  /** The share of values to drop, 0 ≤ rate < 1. */
  readonly rate: number;
}

const rules = (): Rules<DropoutOptions> => ({ rate: required(belowOne), ...layerRules() });

/**
 * In training, sets a random share of the values to 0 and scales the others by 1 / (1 − rate); otherwise the identity.
 *
 * Throws: UsageError if the rate is out of range. Source: Srivastava et al. 2014.
 */
export function dropout(options: DropoutOptions): Layer {
  checkOptions('layers.dropout', options, rules());
  const { rate } = options;
  return defineLayer(options, {
    className: 'Dropout',
    config: { rate },
    outputShape: ([x]) => x,
    call: ([x], _, { isTraining, state, stream, isMicroBatch }) =>
      isTraining ? drop(x, { rate, stream: layerStream(streams.dropout, stream), state, isMicroBatch }) : x,
  });
}
