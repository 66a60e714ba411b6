/** The activations that layers take by name, and the layer that is nothing else. */
import type { Tensor } from '../../engine/tensor.js';
import { relu, sigmoid, softmax } from '../../kernels/index.js';
import { type Rules, checkOptions, oneOf, required } from '../../options.js';
import { type Layer, type LayerOptions, layerRules } from './layer.js';

const activations = {
  linear: (x: Tensor): Tensor => x,
  relu,
  sigmoid,
  softmax,
} as const;

export type Activation = keyof typeof activations;

export const activationRule = () => oneOf(Object.keys(activations));

/** `withoutSoftmax` leaves a softmax to the loss. */
export function activate(
  x: Tensor,
  name: Activation,
  { withoutSoftmax }: { readonly withoutSoftmax: boolean },
): Tensor {
  return name === 'softmax' && withoutSoftmax ? x : activations[name](x);
}

export interface ActivationOptions extends LayerOptions {
  readonly activation: Activation;
}

const rules = (): Rules<ActivationOptions> => ({ activation: required(activationRule()), ...layerRules() });

/**
 * An activation by itself, such as behind a normalisation. Shapes: [N,…] → the same.
 *
 * Throws: UsageError for an unknown name.
 */
export function activation(options: ActivationOptions): Layer {
  checkOptions('layers.activation', options, rules());
  const { activation: name } = options;
  return {
    className: 'Activation',
    name: options.name,
    inputShape: options.inputShape,
    endsInSoftmax: name === 'softmax',
    config: { activation: name },
    outputShape: (inputShape) => inputShape,
    parameters: () => [],
    call: (x, _, context) => activate(x, name, context),
  };
}
