/** A layer that returns its input, for instance to name a value. */
import { checkOptions } from '../../options.js';
import { type Layer, type LayerOptions, makeLayer, layerRules } from './layer.js';

/** y = x. Shapes: [N,…] → the same. Throws: UsageError for unknown options. */
export function identity(options: LayerOptions = {}): Layer {
  checkOptions('layers.identity', options, layerRules());
  return makeLayer(options, {
    className: 'Identity',
    config: {},
    outputShape: ([x]) => x,
    call: ([x]) => x,
  });
}
