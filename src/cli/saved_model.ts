/** A trained model for `predict` and `evaluate`, with its class names and the run that it belongs to, if any. */
import { earlierPreparation } from '../data/choose_preparation.js';
import { numbered } from '../data/labels.js';
import type { PicturePreparation } from '../picture_preparation.js';
import { ModelError } from '../errors.js';
import { openFolder } from '../node/files.js';
import { useStoredKernels } from '../node/tuning_store.js';
import type { Callback } from '../nn/callbacks/callback.js';
import type { Model } from '../nn/model.js';
import { readModel, weightsPath } from '../nn/files/model_files.js';
import type { SavedModelOptions } from './commands.js';
import { openDevice } from './device.js';
import type { Output } from './output.js';
import { refusePending } from './pending_run.js';
import type { TestableRun } from './run_file.js';
import { readTestableRun } from './run_folder.js';

export interface SavedModel {
  /** Undefined for a model outside a run folder. */
  readonly run: TestableRun | undefined;
  readonly shape: { readonly height: number; readonly width: number; readonly channels: number };
  readonly classNames: readonly string[];
  /** How pictures become the images of the model. */
  readonly pictures: PicturePreparation;
  /** Opens the device and uploads the weights. Throws: DeviceError. */
  open(output: Output): Promise<Model>;
}

/**
 * Reads a saved model before a device is opened.
 *
 * Throws: FileError if there is none; ModelError if it is damaged, or is not a classifier of images.
 */
export async function readSavedModel(who: string, options: SavedModelOptions): Promise<SavedModel> {
  const { model: path, weights, tune } = options;
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
  const ofRun = run?.classNames;
  const classNames = model.classNames ?? (ofRun?.length === classes ? ofRun : numbered(classes));
  return {
    run,
    shape: { height, width, channels },
    classNames,
    pictures: model.pictures ?? earlierPreparation({ channels, classNames }),
    open: async (output) => {
      const device = await openDevice(options);
      await useStoredKernels(device, { tune, warn: output.say });
      return load();
    },
  };
}

/** Counts steps on a terminal, as `Testing 3/79`, and clears the line at the end. */
export function stepCounter(output: Output, what = 'Step'): Callback {
  return {
    onPredictBatchEnd: (step, _, { steps }) => {
      if (!output.stream.isTTY || steps < 2) return;
      output.stream.write(`\r${what} ${step + 1}/${steps}${step + 1 === steps ? '\r\u001B[K' : ''}`);
    },
  };
}
