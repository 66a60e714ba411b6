/** The images to test on: the test split, or images that the split of the training left out. */
import type { ImageSet } from '../../src/data/dataset.js';
import type { LoadedDataset } from '../../src/data/loaded_dataset.js';
import { DataError } from '../../src/errors.js';
import type { Settings } from '../protocol.js';
import type { Context } from './context.js';
import { digestOf } from './custom_images.js';
import { split } from './split.js';
import type { TrainingRecord } from './training_record.js';

export interface TestImages {
  readonly set: ImageSet;
  /** False if the data set has no test split. */
  readonly isTestPart: boolean;
}

/** Throws: DataError, UsageError, FileError. */
export async function imagesToTest(context: Context): Promise<TestImages> {
  const { dataset } = context.trainer.settings;
  if (dataset !== 'custom') return { set: await context.data.test(dataset), isTestPart: true };
  const loaded = await context.data.get(dataset);
  return loaded.test
    ? { set: loaded.test, isTestPart: true }
    : { set: leftOut(loaded, context.trainer), isTestPart: false };
}

/** The training that produced the model, and the page's settings, which apply before the first training. */
export interface TrainedImages {
  readonly settings: Settings;
  readonly trainedBy: Pick<TrainingRecord, 'settings' | 'dataDigest'> | undefined;
}

/**
 * Images that the model was not trained on: those that the split of its training left out; before the first training, those
 * that the split of the page's settings leaves out.
 *
 * Throws: DataError if the model was trained on other files, which may contain some of these images; UsageError if the data
 * cannot be split that way.
 */
export function leftOut(loaded: LoadedDataset, { settings, trainedBy }: TrainedImages): ImageSet {
  const training = trainedBy?.settings.dataset === 'custom' ? trainedBy : undefined;
  const { train, validation, test } = split(training?.settings ?? settings, loaded);
  const digest = training?.dataDigest ?? null;
  if (digest !== null && digestOf(train) !== digest) {
    throw new DataError(
      'These are not the images the network was trained on, and they have no test split, so some may have been in its training data. Train again, or drop files with a test split.',
    );
  }
  return test ?? validation;
}
