/** The optimizer that a file stores with its model, to continue training. */
import { sizeOf } from '../../engine/primitive.js';
import { type Parameter, hasGradient } from '../network/network.js';
import { frozenLayersIn } from '../files/network_json.js';
import { emaSlot } from './ema_slot.js';
import type { Optimizer } from '../optimizers/optimizer.js';
import type { StoredTensors } from '../files/safetensors.js';
import {
  type StoredSlots,
  callbackPrefix,
  checkpointIn,
  descriptionIn,
  hasDescription,
  isSwappedIn,
  optimizerStepIn,
  valuesIn,
} from '../files/weights_file.js';

/** An optimizer in `model.json`. */
export interface OptimizerDescription {
  readonly name: string;
  readonly config: Optimizer['config'];
}

export interface StoredOptimizer {
  /** Undefined if the file does not describe the optimizer. */
  readonly description: OptimizerDescription | undefined;
  /** Values for all parameters that the model trains. */
  readonly slots: StoredSlots;
  /** Layers that the model trains and the file had frozen: their slots are zeros. */
  readonly unfrozen: readonly string[];
  /** How many updates it has made; undefined if the file has no optimizer. */
  readonly step: number | undefined;
  /** Whether the averages of `useEma` are in the parameters, and the parameters in their slot. */
  readonly isSwapped: boolean;
}

/** The optimizer in a model's description; undefined if there is none. */
export function optimizerIn(description: unknown): OptimizerDescription | undefined {
  const { optimizer } = Object(description) as { readonly optimizer?: Partial<OptimizerDescription> | null };
  const { name, config } = optimizer ?? {};
  return typeof name === 'string' && typeof config === 'object' ? { name, config } : undefined;
}

/**
 * The optimizer in a file of a model with these parameters. A slot has one tensor per trained parameter, such as
 * `mean_square/conv2d/kernel`. Layers that were frozen when the file was saved and are trained now get zeros; layers that are
 * frozen now get none. `described` is the optimizer in the model's own description, for files without a description; `file`
 * names the file in messages.
 *
 * Throws: ModelError for a slot that lacks a parameter, or has one of another shape or dtype; for a damaged description or
 * checkpoint.
 */
export function storedOptimizerIn(
  stored: StoredTensors,
  parameters: readonly Parameter[],
  { file, described }: { readonly file: string; readonly described: OptimizerDescription | undefined },
): StoredOptimizer {
  const description = hasDescription(stored) ? descriptionIn(stored, file) : undefined;
  const frozen = frozenLayersIn(description);
  const trained = parameters.filter(hasGradient);
  const paths = new Set(parameters.map(({ path }) => path));
  const slots = new Map<string, Map<string, Float32Array<ArrayBuffer>>>();
  const unfrozen = new Set<string>();
  for (const key of stored.tensors.keys()) {
    const [slot = '', ...rest] = key.split('/');
    if (paths.has(key) || key.startsWith(callbackPrefix) || !paths.has(rest.join('/')) || slots.has(slot))
      continue;
    const isFresh = ({ path }: Parameter): boolean =>
      frozen.has(layerOf(path)) && !stored.tensors.has(`${slot}/${path}`);
    const kept = trained.filter((spec) => !isFresh(spec));
    const found = valuesIn(
      stored,
      kept.map(({ path, shape }) => ({ name: path, shape })),
      file,
      slot,
    );
    for (const { path, shape } of trained.filter(isFresh)) {
      unfrozen.add(layerOf(path));
      // The average of a parameter that has not changed is the parameter.
      const values = slot === emaSlot ? stored.tensors.get(path)?.data : undefined;
      found.set(path, values instanceof Float32Array ? values.slice() : new Float32Array(sizeOf(shape)));
    }
    slots.set(slot, found);
  }
  // Earlier versions stored no step with the slots; they continued from the checkpoint's, or from 0.
  const before = slots.size > 0 ? (checkpointIn(stored, file)?.position.step ?? 0) : undefined;
  return {
    description: description === undefined ? described : optimizerIn(description),
    slots,
    unfrozen: [...unfrozen],
    step: optimizerStepIn(stored, file) ?? before,
    isSwapped: isSwappedIn(stored),
  };
}

/** The layer in a path, `<layer>/<parameter>`. */
function layerOf(path: string): string {
  return path.slice(0, path.indexOf('/'));
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

/** Which slots start at 0 because the file has none, for messages; undefined if it has all. */
export function describeUnfrozen({ unfrozen }: StoredOptimizer): string | undefined {
  return unfrozen.length === 0
    ? undefined
    : `the loaded file has no optimizer slots for layers that were frozen when it was saved (${unfrozen.join(', ')}); these start at 0`;
}
