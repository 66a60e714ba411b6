/** What a test is made on: the test part, or what a training on data without one has left out. */
import type { ImageSet } from '../../src/data/dataset.js';
import type { LoadedDataset } from '../../src/data/loaded_dataset.js';
import { DataError } from '../../src/errors.js';
import type { Context } from './context.js';
import { digestOf } from './custom_images.js';
import { split } from './split.js';

export interface TestImages {
  readonly set: ImageSet;
  /** False where the data have no test part. */
  readonly isTestPart: boolean;
}

/** Throws: DataError, UsageError, FileError. */
export async function imagesToTest(context: Context): Promise<TestImages> {
  if (context.settings.dataset !== 'custom') return { set: await context.testImages(), isTestPart: true };
  const loaded = await context.dataset();
  return loaded.test
    ? { set: loaded.test, isTestPart: true }
    : { set: leftOut(loaded, context), isTestPart: false };
}

/**
 * None of them has the model been trained on. Which they are depends on the settings of its training; before the first,
 * on those of the page.
 *
 * Throws: DataError for images that may have been trained on when they were part of other files; UsageError for a split
 * that the data do not allow.
 */
export function leftOut(
  loaded: LoadedDataset,
  { settings, trainedBy }: Pick<Context, 'settings' | 'trainedBy'>,
): ImageSet {
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
