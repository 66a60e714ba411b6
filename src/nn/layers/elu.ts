/** Exponential linear unit. */
import { elu as rectify } from '../../kernels/elu.js';
import { type Rules, checkOptions, notNegative } from '../../options.js';
import { type Layer, type LayerOptions, makeLayer, layerRules } from './layer.js';

export interface EluLayerOptions extends LayerOptions {
  /** Default 1. */
  readonly alpha?: number;
}

const rules = (): Rules<EluLayerOptions> => ({ alpha: notNegative, ...layerRules() });

/**
 * y = x above 0, otherwise alpha · (eˣ − 1). Shapes: [N,…] → the same.
 *
 * Throws: UsageError for a negative alpha.
 */
export function elu(options: EluLayerOptions = {}): Layer {
  checkOptions('layers.elu', options, rules());
  const { alpha = 1 } = options;
  return makeLayer(options, {
    className: 'ELU',
    config: { alpha },
    outputShape: ([x]) => x,
    call: ([x]) => rectify(x, { alpha }),
  });
}
