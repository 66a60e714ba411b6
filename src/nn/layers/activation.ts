/** The activations that layers take by name. */
import type { Tensor } from '../../engine/tensor.js';
import { UsageError } from '../../errors.js';
import { relu, softmax } from '../../kernels/index.js';

const activations = {
  linear: (x: Tensor): Tensor => x,
  relu,
  softmax,
} as const;

export type Activation = keyof typeof activations;

/** Throws: UsageError that lists the known names. */
export function checkActivation(who: string, name: string): Activation {
  if (name in activations) return name as Activation;
  throw new UsageError(
    `${who}: activation '${name}' is unknown, expected one of ${Object.keys(activations).join(', ')}.`,
  );
}

export function activate(x: Tensor, name: Activation): Tensor {
  return activations[name](x);
}
