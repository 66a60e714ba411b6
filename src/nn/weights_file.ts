/**
 * All that a model keeps between runs in one safetensors file: parameters as `conv2d/kernel`, optimizer slots as
 * `mean_square/conv2d/kernel`, what callbacks keep as `callbacks/…`, and the place in the training as metadata.
 */
import { ModelError } from '../errors.js';
import type { Folder } from '../folder.js';
import type { Checkpoint } from './checkpoint.js';
import type { SaveWeightsOptions } from './model.js';
import type { ParameterGroup } from './parameters.js';
import { type StoredTensor, readSafetensors, writeSafetensors } from './safetensors.js';

export const format = 'shadegrad 1';

/** Before the names of what callbacks keep. */
const callbackPrefix = 'callbacks/';

/** What the file holds of a model. */
export interface KeptTensors {
  readonly parameters: ParameterGroup;
  readonly statistics: ParameterGroup;
  /** The optimizer's values beside each parameter, by slot name. */
  readonly slots: ReadonlyMap<string, ParameterGroup>;
}

export interface LoadedWeights {
  readonly metadata: Readonly<Record<string, string>>;
  readonly checkpoint?: Checkpoint;
}

/** Writes `<name>.safetensors`, whole or not at all. Throws: FileError. */
export async function writeWeights(
  { parameters, statistics, slots }: KeptTensors,
  folder: Folder,
  name: string,
  { metadata = {}, includeOptimizer = true, checkpoint }: SaveWeightsOptions = {},
): Promise<void> {
  const tensors: [string, StoredTensor][] = [];
  const append = async (group: ParameterGroup, prefix: string): Promise<void> => {
    const values = await group.read();
    for (const entry of group.layout.entries) {
      tensors.push([
        prefix + entry.name,
        { dtype: 'F32', shape: entry.shape, data: values.get(entry.name)! },
      ]);
    }
  };
  await append(parameters, '');
  await append(statistics, '');
  if (includeOptimizer) for (const [slot, group] of slots) await append(group, `${slot}/`);
  for (const [key, data] of checkpoint?.tensors ?? [])
    tensors.push([callbackPrefix + key, { dtype: 'F32', shape: [data.length], data }]);
  // The tensors lie beside the weights: JSON leaves undefined out.
  const text = checkpoint ? { checkpoint: JSON.stringify({ ...checkpoint, tensors: undefined }) } : {};
  await folder.write(`${name}.safetensors`, writeSafetensors(tensors, { format, ...metadata, ...text }));
}

/**
 * Reads `<name>.safetensors` into the tensors; a slot that the file lacks keeps its values.
 *
 * Throws: ModelError when a tensor is missing or of another shape; FileError when the file is.
 */
export async function readWeights(
  { parameters, statistics, slots }: KeptTensors,
  folder: Folder,
  name: string,
): Promise<LoadedWeights> {
  const file = `${folder.path}/${name}.safetensors`;
  const { tensors, metadata } = readSafetensors(await folder.read(`${name}.safetensors`), file);
  const fill = (group: ParameterGroup, prefix: string): void => {
    const values = new Map<string, Float32Array<ArrayBuffer>>();
    for (const { name: path, shape } of group.layout.entries) {
      const found = tensors.get(prefix + path);
      if (found?.shape.join() !== shape.join() || !(found.data instanceof Float32Array)) {
        const what = found ? `is [${found.shape.join(',')}] ${found.dtype}` : 'is missing';
        throw new ModelError(
          `model: ${file} does not fit: '${prefix + path}' ${what}, expected [${shape.join(',')}] F32.`,
        );
      }
      values.set(path, found.data);
    }
    group.write(values);
  };
  fill(parameters, '');
  fill(statistics, '');
  for (const [slot, group] of slots)
    if ([...tensors.keys()].some((key) => key.startsWith(`${slot}/`))) fill(group, `${slot}/`);
  if (metadata['checkpoint'] === undefined) return { metadata };
  const checkpoint = JSON.parse(metadata['checkpoint']) as Checkpoint;
  const kept = [...tensors].flatMap(([key, { data }]): [string, Float32Array<ArrayBuffer>][] =>
    key.startsWith(callbackPrefix) && data instanceof Float32Array
      ? [[key.slice(callbackPrefix.length), data]]
      : [],
  );
  return { metadata, checkpoint: kept.length > 0 ? { ...checkpoint, tensors: new Map(kept) } : checkpoint };
}
