/** The activations of layers: functions of a tensor, and names for those that are registered. */
import { checkArgument } from '../../calls.js';
import { UsageError } from '../../errors.js';
import type { Tensor } from '../../engine/tensor.js';
import type * as ops from '../../kernels/activations.js';
import { relu } from '../../kernels/relu.js';
import { sigmoid } from '../../kernels/sigmoid.js';
import { softmax } from '../../kernels/softmax.js';
import { hintFor } from '../../option_hints.js';
import { type Rule, fn } from '../../options.js';

/** From a tensor to one of the same shape. */
export type ActivationFunction = (x: Tensor) => Tensor;

/** The names of the library; a custom activation is passed as a function, named or not. */
export type ActivationName = 'linear' | keyof typeof ops;

export type Activation = ActivationName | ActivationFunction;

/**
 * The few that every bundle with layers contains, so that their names always work. The others are registered where models are loaded
 * from files, and by programs that use their names without loading models.
 */
const registered = new Map<string, ActivationFunction>(
  Object.entries({ linear: (x: Tensor) => x, relu, sigmoid, softmax }),
);

/**
 * Names activations, for `activation: 'name'` and so that models with them are saved and load from files:
 * `registerActivations({ gelu: ops.gelu, cubed: (x) => ops.pow(x, 3) })`.
 *
 * Throws: UsageError for what is not a function.
 */
export function registerActivations(activations: Readonly<Record<string, ActivationFunction>>): void {
  for (const [name, activation] of Object.entries(activations)) {
    checkArgument('registerActivations', name, activation, () => fn);
    registered.set(name, activation);
  }
}

export function isRegisteredActivation(name: string): boolean {
  return registered.has(name);
}

export const activationRule = (): Rule => (value) => {
  if (typeof value === 'function' || registered.has(value as string)) return undefined;
  const hint = typeof value === 'string' ? hintFor(value, [...registered.keys()]) : undefined;
  const advice = hint?.replace(/\?$/, '') ?? 'see registerActivations';
  return `a registered activation, such as 'relu', or a function, such as ops.gelu; ${advice}`;
};

/** Applies an activation that the rule has accepted. */
export function activate(activation: Activation, x: Tensor): Tensor {
  return typeof activation === 'string' ? registered.get(activation)!(x) : activation(x);
}

/**
 * The name by which a file refers to a function.
 *
 * Throws: UsageError for a function without one.
 */
export function activationName(layer: string, activation: ActivationFunction): string {
  for (const [name, each] of registered) if (each === activation) return name;
  throw new UsageError(
    `model: the activation of layer '${layer}' has no name; use registerActivations({ name: fn }).`,
  );
}
