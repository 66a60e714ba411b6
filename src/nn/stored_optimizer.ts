/** What a file keeps of the optimizer that trained its model, for training that model further. */
import type { Optimizer } from './optimizers/optimizer.js';
import type { NamedShape } from './parameters.js';
import type { StoredTensors } from './safetensors.js';
import { type StoredSlots, callbackPrefix, valuesIn } from './weights_file.js';

/** What `model.json` says of an optimizer. */
export interface OptimizerDescription {
  readonly name: string;
  readonly config: Optimizer['config'];
}

export interface StoredOptimizer {
  /** Undefined where nothing says which optimizer it was. */
  readonly description: OptimizerDescription | undefined;
  readonly slots: StoredSlots;
}

/** The optimizer in a model's description; undefined where it names none. */
export function optimizerIn(description: unknown): OptimizerDescription | undefined {
  const { optimizer } = Object(description) as { readonly optimizer?: Partial<OptimizerDescription> | null };
  const { name, config } = optimizer ?? {};
  return typeof name === 'string' && typeof config === 'object' ? { name, config } : undefined;
}

/**
 * The slots in a file of a model with these parameters: a slot holds one tensor per parameter, as
 * `mean_square/conv2d/kernel`. `file` is what to call it in messages.
 *
 * Throws: ModelError for a slot that lacks a parameter, or has one in another form.
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
 * Whether an optimizer goes on from these slots: one of the same name that keeps the same slots. Its rate and its other
 * numbers may differ: they say what becomes of the slots, not what they hold.
 */
export function fitsSlots({ name, slots }: Optimizer, stored: StoredOptimizer): boolean {
  const isSame = stored.description === undefined || stored.description.name === name;
  return isSame && slots.length === stored.slots.size && slots.every((slot) => stored.slots.has(slot));
}

/** What is wrong with slots that an optimizer cannot use, for people. */
export function describeMisfit({ name, slots }: Optimizer, stored: StoredOptimizer): string {
  const found = [...stored.slots.keys()].join(', ');
  const before = stored.description ? `'${stored.description.name}' (${found})` : found;
  const now = slots.length > 0 ? `'${name}' (${slots.join(', ')})` : `'${name}'`;
  return `the loaded file keeps optimizer slots of ${before}, which ${now} cannot use`;
}
