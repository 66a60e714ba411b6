/** The activations that layers accept by name, and the activation layer. */
import type { Tensor } from '../../engine/tensor.js';
import * as ops from '../../kernels/activations.js';
import { type Rules, checkOptions, oneOf, required } from '../../options.js';
import { type Layer, type LayerOptions, defineLayer, layerRules } from './layer.js';

export const activations = {
  linear: (x: Tensor): Tensor => x,
  ...ops,
};

export type Activation = keyof typeof activations;

export const activationRule = () => oneOf(Object.keys(activations));

export interface ActivationOptions extends LayerOptions {
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
  const { activation: name } = options;
  return defineLayer(options, {
    className: 'Activation',
    config: { activation: name },
    outputShape: ([x]) => x,
    call: ([x]) => activations[name](x),
  });
}
