/** Leaky rectified linear unit. */
import { leakyRelu as rectify } from '../../kernels/leaky_relu.js';
import { type Rules, checkOptions, notNegative } from '../../options.js';
import { type Layer, type LayerOptions, makeLayer, layerRules } from './layer.js';

export interface LeakyReluLayerOptions extends LayerOptions {
  /** Default 0.3, as of Keras's layer; its function's is 0.2. */
  readonly negativeSlope?: number;
}

const rules = (): Rules<LeakyReluLayerOptions> => ({ negativeSlope: notNegative, ...layerRules() });

/**
 * y = x above 0, otherwise negativeSlope · x. Shapes: [N,…] → the same.
 *
 * Throws: UsageError for a negative slope.
 */
export function leakyRelu(options: LeakyReluLayerOptions = {}): Layer {
  checkOptions('layers.leakyRelu', options, rules());
  const { negativeSlope = 0.3 } = options;
  return makeLayer(options, {
    className: 'LeakyReLU',
    config: { negativeSlope },
    outputShape: ([x]) => x,
    call: ([x]) => rectify(x, { negativeSlope }),
  });
}
