/** A trained model as `predict` and `evaluate` need it: with its run, when it comes from one, and its classes' names. */
import { ModelError } from '../errors.js';
import { openFolder } from '../node/files.js';
import { open } from '../node/open.js';
import { useStoredKernels } from '../node/tuning_store.js';
import type { Callback } from '../nn/callbacks/callback.js';
import type { Model } from '../nn/model.js';
import { readModel, weightsPath } from '../nn/model_files.js';
import type { SavedModelOptions } from './commands.js';
import type { Output } from './output.js';
import { refusePending } from './pending_run.js';
import type { TestableRun } from './run_file.js';
import { readTestableRun } from './run_folder.js';

export interface SavedModel {
  /** Undefined for a model that does not lie in a run's folder. */
  readonly run: TestableRun | undefined;
  readonly shape: { readonly height: number; readonly width: number; readonly channels: number };
  readonly classNames: readonly string[];
  /** Opens the device and puts the weights there. Throws: DeviceError. */
  open(output: Output): Promise<Model>;
}

/**
 * Reads a saved model, before any device is opened.
 *
 * Throws: FileError when there is none; ModelError when it is damaged, or takes no images or tells no
 * classes apart.
 */
export async function readSavedModel(who: string, options: SavedModelOptions): Promise<SavedModel> {
  const { model: path, weights, device, tune } = options;
  const folder = openFolder(weightsPath(path)?.folder ?? path);
  await refusePending(folder);
  const run = (await folder.exists('run.json')) ? await readTestableRun(folder) : undefined;
  const { model, load } = await readModel(path, weights === undefined ? {} : { weights });
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
  return {
    run,
    shape: { height, width, channels },
    classNames:
      names?.length === classes ? names : Array.from({ length: classes }, (_, label) => String(label)),
    open: async (output) => {
      const opened = await open(device === undefined ? {} : { device });
      await useStoredKernels(opened, { tune, warn: output.say });
      return load();
    },
  };
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
