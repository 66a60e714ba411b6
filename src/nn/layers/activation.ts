/** The activation layer. */
import { type Rules, checkOptions, required } from '../../options.js';
import { type Activation, activate, activationRule } from './activation_registry.js';
import { type Layer, type LayerOptions, makeLayer, layerRules } from './layer.js';

export interface ActivationOptions extends LayerOptions {
  /** A name, or a function of a tensor: `ops.gelu`, `(x) => ops.multiply(x, ops.sigmoid(x))`. */
  readonly activation: Activation;
}

const rules = (): Rules<ActivationOptions> => ({ activation: required(activationRule()), ...layerRules() });

/**
 * An activation on its own, for instance after a normalisation. Shapes: [N,…] → the same.
 *
 * Throws: UsageError for an unknown name.
 */
export function activation(options: ActivationOptions): Layer {
  checkOptions('layers.activation', options, rules());
  const { activation: given } = options;
  return makeLayer(options, {
    className: 'Activation',
    config: { activation: given },
    outputShape: ([x]) => x,
    call: ([x]) => activate(given, x),
  });
}
