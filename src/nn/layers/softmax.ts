/** Softmax over an axis. */
import { ShapeError } from '../../errors.js';
import { softmax as softmaxOf } from '../../kernels/softmax_over.js';
import { type Rules, checkOptions, rule } from '../../options.js';
import { type Layer, type LayerOptions, makeLayer, layerRules } from './layer.js';

export interface SoftmaxLayerOptions extends LayerOptions {
  /** Counted with the batch axis, which is 0 and not allowed; negative ones count from the last. Default −1. */
  readonly axis?: number;
}

const rules = (): Rules<SoftmaxLayerOptions> => ({
  axis: rule('an integer other than 0', (value) => Number.isSafeInteger(value) && value !== 0),
  ...layerRules(),
});

/**
 * Softmax over an axis. Shapes: [N,…] → the same.
 *
 * Throws: UsageError for options out of range; ShapeError if there is no such axis.
 */
export function softmax(options: SoftmaxLayerOptions = {}): Layer {
  checkOptions('layers.softmax', options, rules());
  const { axis = -1 } = options;
  return makeLayer(options, {
    className: 'Softmax',
    config: { axis },
    outputShape: ([x]) => {
      if (axis > x.length || axis < -x.length)
        throw new ShapeError(`layers.softmax: axis ${axis} is not an axis of [${x.join(',')}] per sample.`);
      return x;
    },
    call: ([x]) => softmaxOf(x, { axis }),
  });
}
