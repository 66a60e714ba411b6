/** A trained model as `predict` and `evaluate` need it: with its run, when it comes from one, and its classes' names. */
import { ModelError } from '../errors.js';
import { openFolder } from '../node/files.js';
import { open } from '../node/open.js';
import { useStoredChoices } from '../node/tuning_store.js';
import type { Callback } from '../nn/callbacks/callback.js';
import { type Sequential, loadModel, weightsPath } from '../nn/sequential.js';
import type { Output } from './output.js';
import { type RunFile, readRun } from './run_folder.js';

export interface SavedModelOptions {
  /** A folder, or a `.safetensors` file. */
  readonly model: string;
  readonly weights?: string;
  readonly device?: string;
  /** False: the table alone chooses the kernels. */
  readonly tune?: boolean;
}

export interface SavedModel {
  readonly model: Sequential;
  /** Undefined for a model that does not lie in a run's folder. */
  readonly run: RunFile | undefined;
  readonly shape: { readonly height: number; readonly width: number; readonly channels: number };
  readonly classNames: readonly string[];
}

/**
 * Opens the device and loads the model.
 *
 * Throws: FileError when there is none; ModelError when it is damaged, or takes no images or tells no
 * classes apart.
 */
export async function openModel(
  who: string,
  options: SavedModelOptions,
  output: Output,
): Promise<SavedModel> {
  const { model: path, weights, device, tune = true } = options;
  const folder = openFolder(weightsPath(path)?.folder ?? path);
  const run = (await folder.exists('run.json')) ? await readRun(folder) : undefined;
  const opened = await open(device === undefined ? {} : { device });
  await useStoredChoices(opened, { tune, warn: output.say });
  const model = await loadModel(path, weights === undefined ? {} : { weights });
  const [height, width, channels] = model.inputShape;
  const { classes } = model;
  if (
    model.inputShape.length !== 3 ||
    height === undefined ||
    width === undefined ||
    channels === undefined ||
    classes === undefined
  ) {
    throw new ModelError(
      `${who}: ${path} maps [${model.inputShape.join(',')}] to [${model.outputShape.join(',')}], expected images [height,width,channels] to [classes].`,
    );
  }
  const names = run?.classNames;
  const classNames =
    names?.length === classes ? names : Array.from({ length: classes }, (_, label) => String(label));
  return { model, run, shape: { height, width, channels }, classNames };
}

/** Steps done, on a terminal only, and gone at the end: `Testing 3/79`. */
export function stepCounter(output: Output, what = 'Step'): Callback {
  return {
    onPredictBatchEnd: (step, _, { steps }) => {
      if (!output.stream.isTTY || steps < 2) return;
      output.stream.write(`\r${what} ${step + 1}/${steps}${step + 1 === steps ? '\r\u001B[K' : ''}`);
    },
  };
}
