/** The activations that layers take by name, and the layer that is nothing else. */
import type { Tensor } from '../../engine/tensor.js';
import { UsageError } from '../../errors.js';
import { relu, sigmoid, softmax } from '../../kernels/index.js';
import type { Layer, LayerOptions } from './layer.js';

const activations = {
  linear: (x: Tensor): Tensor => x,
  relu,
  sigmoid,
  softmax,
} as const;

export type Activation = keyof typeof activations;

/** Throws: UsageError that lists the known names. */
export function checkActivation(who: string, name: string): Activation {
  if (Object.hasOwn(activations, name)) return name as Activation;
  throw new UsageError(
    `${who}: activation '${name}' is unknown, expected one of ${Object.keys(activations).join(', ')}.`,
  );
}

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

/**
 * An activation by itself, such as behind a normalisation. Shapes: [N,…] → the same.
 *
 * Throws: UsageError for an unknown name.
 */
export function activation(options: ActivationOptions): Layer {
  const name = checkActivation('layers.activation', options.activation);
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
