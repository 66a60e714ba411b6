/**
 * Everything that a model stores in one safetensors file: parameters as `conv2d/kernel`, optimizer slots as
 * `mean_square/conv2d/kernel`, arrays of callbacks as `callbacks/…`; in the metadata, the model's description (the contents of
 * `model.json`, so that the file is self-contained), the optimizer's step and the position of the training.
 */
import type { Shape } from '../../engine/primitive.js';
import { ModelError } from '../../errors.js';
import type { Folder } from '../../folder.js';
import {
  type Form,
  count,
  countOrZero,
  each,
  nanForNull,
  nullable,
  number,
  numberOrNull,
  optional,
  parseJson,
  readJson,
  saidOf,
} from '../../json_reader.js';
import { rule } from '../../options.js';
import type { Checkpoint, Position } from '../training/checkpoint.js';
import type { TrainState } from '../training/train_state.js';
import type { SaveWeightsOptions } from '../trainable_model.js';
import {
  type NamedShape,
  type ParameterGroup,
  type ParameterLayout,
  readGroups,
} from '../parameters/parameters.js';
import type { Sums } from '../training/task.js';
import { type StoredTensor, type StoredTensors, writeSafetensors } from './safetensors.js';

export const format = 'shadegrad 1';

/** The metadata key of the model's description; files of earlier versions lack it. */
const descriptionKey = 'model';

/** The metadata key of the optimizer's step; files of earlier versions lack it. */
const stepKey = 'optimizer_step';

/** The metadata key that the averages of `useEma` are in the parameters, and the parameters in their slot. */
const swappedKey = 'ema_swapped';

/** Prefix of the names of callback arrays. */
export const callbackPrefix = 'callbacks/';

/** Values on the host by the name of their parameter. */
type ParameterValues = ReadonlyMap<string, Float32Array<ArrayBuffer>>;

/** An optimizer's values by slot name. */
export type StoredSlots = ReadonlyMap<string, ParameterValues>;

/** What to save of a model. */
export interface KeptTensors {
  /** The result of `toJson`. */
  readonly description: object;
  readonly state: TrainState;
  /** How many updates the optimizer has made; undefined if there is no optimizer. */
  readonly optimizerStep: number | undefined;
  /** Whether the averages of `useEma` are in the parameters. */
  readonly isSwapped: boolean;
  /** Slots of a loaded file that no optimizer has taken over yet. */
  readonly storedSlots?: StoredSlots | undefined;
}

export interface LoadedWeights {
  readonly metadata: Readonly<Record<string, string>>;
  readonly checkpoint?: Checkpoint;
}

/** The bytes of the file; a consistent snapshot of the device's tensors. */
export async function weightsFile(
  { description, state, optimizerStep, isSwapped, storedSlots = new Map() }: KeptTensors,
  { metadata = {}, includeOptimizer = true, checkpoint }: SaveWeightsOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const onDevice: [slot: string, ParameterGroup][] = [
    ...state.groups.map((group): [string, ParameterGroup] => ['', group]),
    ...(includeOptimizer ? state.slots : []),
  ];
  const read = await readGroups(
    state.device,
    onDevice.map(([, group]) => group),
  );
  const tensors: [string, StoredTensor][] = [];
  const append = (slot: string, { entries }: ParameterLayout, values: ParameterValues): void => {
    for (const { name, shape } of entries)
      tensors.push([
        slot === '' ? name : `${slot}/${name}`,
        { dtype: 'F32', shape, data: values.get(name)! },
      ]);
  };
  onDevice.forEach(([slot, { layout }], i) => append(slot, layout, read[i]!));
  if (includeOptimizer)
    for (const [slot, values] of storedSlots) append(slot, state.parameters.layout, values);
  for (const [key, data] of checkpoint?.tensors ?? [])
    tensors.push([callbackPrefix + key, { dtype: 'F32', shape: [data.length], data }]);
  // The tensors are stored next to the weights; JSON omits undefined.
  const text = checkpoint ? { checkpoint: JSON.stringify({ ...checkpoint, tensors: undefined }) } : {};
  const step = includeOptimizer && optimizerStep !== undefined ? { [stepKey]: `${optimizerStep}` } : {};
  const swapped = includeOptimizer && isSwapped ? { [swappedKey]: 'true' } : {};
  const own = { format, [descriptionKey]: JSON.stringify(description), ...step, ...swapped };
  return writeSafetensors(tensors, { ...metadata, ...own, ...text });
}

/** Writes `<name>.safetensors` atomically. Throws: FileError. */
export async function writeWeights(
  kept: KeptTensors,
  folder: Folder,
  name: string,
  options?: SaveWeightsOptions,
): Promise<void> {
  await folder.write(`${name}.safetensors`, await weightsFile(kept, options));
}

/**
 * The description in a weights file. `file` names the file in messages.
 *
 * Throws: ModelError if there is none, or it is not JSON.
 */
export function descriptionIn({ metadata }: StoredTensors, file: string): unknown {
  const text = metadata[descriptionKey];
  if (text === undefined) {
    throw new ModelError(
      `model: ${file} holds weights but no model description; it comes from an earlier version or another program. Load it together with its model.json.`,
    );
  }
  return parseJson(
    text,
    (what, cause) => new ModelError(`model: ${saidOf(`the description in ${file}`, what)}.`, { cause }),
  );
}

/** Whether a file contains a description. */
export function hasDescription({ metadata }: StoredTensors): boolean {
  return metadata[descriptionKey] !== undefined;
}

/** Throws: ModelError naming the first tensor that the file lacks or has with another shape or dtype. */
export function checkTensors(
  wanted: Iterable<{ readonly name: string; readonly shape: Shape }>,
  { tensors }: StoredTensors,
  file: string,
): void {
  for (const { name, shape } of wanted) {
    const found = tensors.get(name);
    if (found?.dtype === 'F32' && found.shape.join() === shape.join()) continue;
    const what = found ? `is [${found.shape.join(',')}] ${found.dtype}` : 'is missing';
    throw new ModelError(
      `model: ${file} does not fit: '${name}' ${what}, expected [${shape.join(',')}] F32.`,
    );
  }
}

/**
 * Fills the groups from a file. `file` names it in messages.
 *
 * Throws: ModelError if a tensor is missing or has another shape, or the checkpoint is damaged; then nothing is changed.
 */
export function takeWeights(
  groups: readonly ParameterGroup[],
  stored: StoredTensors,
  file: string,
): LoadedWeights {
  const values = groups.map(({ layout }) => valuesIn(stored, layout.entries, file));
  const checkpoint = checkpointIn(stored, file);
  groups.forEach((group, i) => group.write(values[i]!));
  const { metadata } = stored;
  return checkpoint ? { metadata, checkpoint } : { metadata };
}

/**
 * The values of these parameters in a file, under `<slot>/` if a slot is given.
 *
 * Throws: ModelError, like checkTensors.
 */
export function valuesIn(
  stored: StoredTensors,
  shapes: readonly NamedShape[],
  file: string,
  slot?: string,
): Map<string, Float32Array<ArrayBuffer>> {
  const nameOf = (name: string): string => (slot === undefined ? name : `${slot}/${name}`);
  checkTensors(
    shapes.map(({ name, shape }) => ({ name: nameOf(name), shape })),
    stored,
    file,
  );
  return new Map(
    shapes.map(({ name }) => [name, stored.tensors.get(nameOf(name))!.data as Float32Array<ArrayBuffer>]),
  );
}

/**
 * The checkpoint in a file; undefined if the file only contains a model. `file` names it in messages.
 *
 * Throws: ModelError if it is damaged.
 */
export function checkpointIn({ tensors, metadata }: StoredTensors, file: string): Checkpoint | undefined {
  const text = metadata['checkpoint'];
  if (text === undefined) return undefined;
  const checkpoint = readJson(
    text,
    checkpointForm,
    (what, cause) => new ModelError(`model: ${saidOf(`the checkpoint in ${file}`, what)}.`, { cause }),
  );
  const kept = [...tensors].flatMap(([key, { data }]): [string, Float32Array<ArrayBuffer>][] =>
    key.startsWith(callbackPrefix) && data instanceof Float32Array
      ? [[key.slice(callbackPrefix.length), data]]
      : [],
  );
  const position = positionFrom(checkpoint.position);
  return { ...checkpoint, position, ...(kept.length > 0 ? { tensors: new Map(kept) } : {}) };
}

/**
 * How many updates the optimizer had made when the file was written; undefined if the file does not say. `file` names it in
 * messages.
 *
 * Throws: ModelError if it is not a count.
 */
export function optimizerStepIn({ metadata }: StoredTensors, file: string): number | undefined {
  const text = metadata[stepKey];
  if (text === undefined) return undefined;
  return readJson(
    text,
    countOrZero,
    (what, cause) => new ModelError(`model: ${saidOf(`the ${stepKey} in ${file}`, what)}.`, { cause }),
  );
}

/** Whether the averages of `useEma` are in the parameters of the file, and the parameters in their slot. */
export function isSwappedIn({ metadata }: StoredTensors): boolean {
  return metadata[swappedKey] === 'true';
}

/** A position in a file; earlier versions have three sums as separate members. */
interface StoredPosition extends Omit<Position, 'sums'> {
  readonly sums?: Sums;
  readonly lossSum?: number;
  readonly correct?: number;
  readonly count?: number;
}

function positionFrom({
  lossSum,
  correct = 0,
  count: samples = 0,
  sums,
  ...place
}: StoredPosition): Position {
  const earlier: Sums = samples > 0 ? { loss: lossSum ?? NaN, accuracy: correct, count: samples } : {};
  const named = Object.entries(sums ?? earlier).map(([name, sum]) => [name, nanForNull(sum)]);
  return { ...place, sums: Object.fromEntries(named) as Sums };
}

const checkpointForm: Form<Omit<Checkpoint, 'tensors' | 'position'> & { readonly position: StoredPosition }> =
  {
    position: {
      step: countOrZero,
      epoch: countOrZero,
      cursor: countOrZero,
      sums: optional(each(numberOrNull)),
      lossSum: optional(numberOrNull),
      correct: optional(countOrZero),
      count: optional(countOrZero),
    },
    microBatchSize: optional(count),
    callbacks: each(
      each(
        rule('a number, string, true, false or null', (value) => value === null || typeof value !== 'object'),
      ),
    ),
    learningRate: nullable(number),
  };
