/** Reads models from files and writes them. */
import { checkArgument, checkCall } from '../../calls.js';
import { ModelError, UsageError } from '../../errors.js';
import { type Folder, folderAt } from '../../folder.js';
import { parseJson, saidOf } from '../../json_reader.js';
import { type Rules, having, nonEmptyText, text, wrong } from '../../options.js';
import { layerClasses } from '../layers/class_names.js';
import * as activations from '../../kernels/activations.js';
import { concatenate } from '../../kernels/concatenate.js';
import { labelGather } from '../../kernels/label_gather.js';
import { parameterExtensions } from '../parameters/parameter_options.js';
import { registerActivations } from '../layers/activation_registry.js';
import { registerLayers } from '../layers/registry.js';
import { allParameterOptions } from '../parameters/parameter_extensions.js';
import { severalOutputs } from '../training/several_outputs.js';
import { Model, type ModelOptions, namedModelRules } from '../model.js';
import { type StoredTensors, readSafetensors } from './safetensors.js';
import type { SaveWeightsOptions } from '../trainable_model.js';
import { descriptionIn, hasDescription } from './weights_file.js';

// A file may contain any layer and any activation.
registerLayers(layerClasses);
parameterExtensions.provide(allParameterOptions);
registerActivations(activations);
severalOutputs.provide({ concatenate, labelGather });

/** Weight files in the order in which they are searched for in a folder. */
const weightNames = ['best', 'weights', 'last'] as const;

export interface LoadModelOptions extends ModelOptions {
  /** For a folder: the name of the weights file without its extension. Default: the first that exists of best, weights, last. */
  readonly weights?: string;
}

const loadRules = (): Rules<LoadModelOptions> => ({ weights: nonEmptyText, ...namedModelRules() });

/**
 * Loads a saved model: a folder (a path, in Node) with model.json and weights, or the path of a `.safetensors` file, which
 * needs no other file unless an earlier version wrote it.
 *
 * Throws: FileError if there is no model; ModelError if it is damaged; UsageError for `weights` together with a file.
 */
export async function loadModel(from: Folder | string, options: LoadModelOptions = {}): Promise<Model> {
  return (await readModel(from, options)).load();
}

/** A model that was read and checked, with nothing on a device yet. */
export interface ModelOnHost {
  readonly model: Model;
  /** Copies the weights to the device; returns the model. */
  load(): Model;
}

/** The part of `loadModel` that needs no device. Throws: like `loadModel`. */
export async function readModel(from: Folder | string, loading: LoadModelOptions = {}): Promise<ModelOnHost> {
  checkCall('loadModel', loading, loadRules);
  const { weights, ...options } = loading;
  const file = typeof from === 'string' ? weightsPath(from) : undefined;
  if (file !== undefined) {
    if (weights !== undefined) {
      throw new UsageError(
        `loadModel: ${from as string} is a weights file itself, so leave out weights '${weights}'.`,
      );
    }
    const folder = folderAt('loadModel', file.folder);
    const bytes = await folder.read(`${file.name}.safetensors`);
    const stored = readSafetensors(bytes, from as string);
    const isWhole = hasDescription(stored) || !(await folder.exists('model.json'));
    const model = isWhole
      ? descriptionOf(stored, options, from as string)
      : await readDescription(folder, options);
    return onHost(model, stored, from as string);
  }
  const folder = folderAt('loadModel', from);
  const model = await readDescription(folder, options);
  const name = `${weights ?? (await firstExisting(folder))}.safetensors`;
  const path = `${folder.path}/${name}`;
  return onHost(model, readSafetensors(await folder.read(name), path), path);
}

/** Splits a path that ends in `.safetensors` into its folder and the name without the extension. */
export function weightsPath(path: string): { readonly folder: string; readonly name: string } | undefined {
  const match = /^(.*[/\\])?([^/\\]+)\.safetensors$/.exec(path);
  return match === null ? undefined : { folder: match[1] ?? '.', name: match[2] as string };
}

/** The whole model as one file, for a download: weights, optimizer slots and description; `modelFromFile` reads it. */
export async function modelFile(
  model: Model,
  options?: SaveWeightsOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  checkArgument('modelFile', 'model', model, () => having('a model', 'toFile'));
  return model.toFile(options);
}

export interface ModelFromFileOptions extends ModelOptions {
  /** The file's name in messages. Default 'file'. */
  readonly file?: string;
}

const fromFileRules = (): Rules<ModelFromFileOptions> => ({ file: text, ...namedModelRules() });

/**
 * Makes the model from the bytes of a weights file, written by `modelFile`, `save` or the checkpoints of a training. `file`
 * names it in messages.
 *
 * Throws: ModelError if the file is damaged, or contains no description of its model.
 */
export function modelFromFile(bytes: Uint8Array, reading: ModelFromFileOptions = {}): Model {
  if (!(bytes instanceof Uint8Array)) throw wrong('modelFromFile', 'bytes', bytes, 'a Uint8Array');
  checkCall('modelFromFile', reading, fromFileRules);
  const { file = 'file', ...options } = reading;
  const stored = readSafetensors(bytes, file);
  return onHost(descriptionOf(stored, options, file), stored, file).load();
}

/** Throws: ModelError if the weights do not fit the model. */
function onHost(model: Model, stored: StoredTensors, file: string): ModelOnHost {
  model.checkWeights(stored, file);
  return {
    model,
    load: () => {
      model.takeWeights(stored, file);
      return model;
    },
  };
}

async function readDescription(folder: Folder, options: ModelOptions): Promise<Model> {
  const file = `${folder.path}/model.json`;
  const json = parseJson(
    await folder.read('model.json'),
    (what, cause) => new ModelError(`model: ${saidOf(file, what)}.`, { cause }),
  );
  return Model.fromJson(json, options, file);
}

function descriptionOf(stored: StoredTensors, options: ModelOptions, file: string): Model {
  return Model.fromJson(descriptionIn(stored, file), options, `the description in ${file}`);
}

async function firstExisting(folder: Folder): Promise<string> {
  for (const name of weightNames) if (await folder.exists(`${name}.safetensors`)) return name;
  throw new ModelError(
    `model: ${folder.path} holds no weights, expected one of ${weightNames.map((name) => `${name}.safetensors`).join(', ')}.`,
  );
}
