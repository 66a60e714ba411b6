/** Dropout layer: active in training only. */
import { UsageError } from '../../errors.js';
import { dropout as drop } from '../../kernels/index.js';
import { layerStream, streams } from '../../random.js';
import type { Layer, LayerOptions } from './layer.js';

export interface DropoutOptions extends LayerOptions {
  /** The share dropped, 0 ≤ rate < 1. */
  readonly rate: number;
}

/**
 * Sets a share of the values to 0 in training and scales the others by 1 / (1 − rate); the identity otherwise.
 *
 * Throws: UsageError when the rate is out of range. Source: Srivastava et al. 2014.
 */
export function dropout(options: DropoutOptions): Layer {
  const { rate } = options;
  if (!(rate >= 0 && rate < 1))
    throw new UsageError(
      `layers.dropout: rate is ${rate}, expected a number from 0 up to but not including 1.`,
    );
  return {
    className: 'Dropout',
    name: options.name,
    inputShape: options.inputShape,
    endsInSoftmax: false,
    config: { rate },
    outputShape: (inputShape) => inputShape,
    parameters: () => [],
    call: (x, _, { isTraining, state, index, isMicroBatch }) =>
      isTraining ? drop(x, { rate, stream: layerStream(streams.dropout, index), state, isMicroBatch }) : x,
  };
}
