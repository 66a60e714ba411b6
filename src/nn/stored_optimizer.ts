/** The optimizer that a file stores with its model, to continue training. */
import type { Optimizer } from './optimizers/optimizer.js';
import type { NamedShape } from './parameters.js';
import type { StoredTensors } from './safetensors.js';
import { type StoredSlots, callbackPrefix, valuesIn } from './weights_file.js';

/** An optimizer in `model.json`. */
export interface OptimizerDescription {
  readonly name: string;
  readonly config: Optimizer['config'];
}

export interface StoredOptimizer {
  /** Undefined if the file does not describe the optimizer. */
  readonly description: OptimizerDescription | undefined;
  readonly slots: StoredSlots;
}

/** The optimizer in a model's description; undefined if there is none. */
export function optimizerIn(description: unknown): OptimizerDescription | undefined {
  const { optimizer } = Object(description) as { readonly optimizer?: Partial<OptimizerDescription> | null };
  const { name, config } = optimizer ?? {};
  return typeof name === 'string' && typeof config === 'object' ? { name, config } : undefined;
}

/**
 * The optimizer slots in a file of a model with these parameters: a slot has one tensor per parameter, such as
 * `mean_square/conv2d/kernel`. `file` names the file in messages.
 *
 * Throws: ModelError for a slot that lacks a parameter, or has one of another shape or dtype.
 */
export function slotsIn(stored: StoredTensors, parameters: readonly NamedShape[], file: string): StoredSlots {
  const own = new Set(parameters.map(({ name }) => name));
  const slots = new Set<string>();
  for (const key of stored.tensors.keys()) {
    const [slot = '', ...rest] = key.split('/');
    if (!own.has(key) && !key.startsWith(callbackPrefix) && own.has(rest.join('/'))) slots.add(slot);
  }
  return new Map([...slots].map((slot) => [slot, valuesIn(stored, parameters, file, slot)]));
}

/**
 * Whether an optimizer can continue from these slots: it must have the same name and the same slots. Its rate and other
 * options may differ: they determine how the slots change, not what they contain.
 */
export function fitsSlots({ name, slots }: Optimizer, stored: StoredOptimizer): boolean {
  const isSame = stored.description === undefined || stored.description.name === name;
  return isSame && slots.length === stored.slots.size && slots.every((slot) => stored.slots.has(slot));
}

/** Why an optimizer cannot use the slots, for messages. */
export function describeMisfit({ name, slots }: Optimizer, stored: StoredOptimizer): string {
  const found = [...stored.slots.keys()].join(', ');
  const before = stored.description ? `'${stored.description.name}' (${found})` : found;
  const now = slots.length > 0 ? `'${name}' (${slots.join(', ')})` : `'${name}'`;
  return `the loaded file has optimizer slots of ${before}, which ${now} cannot use`;
}
