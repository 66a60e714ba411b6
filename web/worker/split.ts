/** Splits the images as a training's recipe says. */
import type { LoadedDataset } from '../../src/data/loaded_dataset.js';
import type { SplitDataset } from '../../src/data/splits.js';
import { checkTrainable } from '../../src/data/trainable.js';
import { DataError, UsageError } from '../../src/errors.js';
import { splitBy } from '../../src/recipe/parts.js';
import type { Settings } from '../protocol.js';

/**
 * Throws: DataError if all images have the same class, or the user's own images are too few; UsageError if the data cannot be
 * split that way.
 */
export function split(settings: Settings, loaded: LoadedDataset): SplitDataset {
  checkTrainable(loaded);
  try {
    return splitBy(settings, loaded);
  } catch (cause) {
    const { dataset, limit } = settings;
    // The user dropped a folder and cannot choose the split, so the message must not mention it.
    if (dataset !== 'custom' || !(cause instanceof UsageError)) throw cause;
    const { count, classCount } = loaded.train;
    const problem =
      limit !== null && limit < count
        ? `The number of images is ${limit}, too few for your ${classCount} classes: expected ${2 * classCount} or more, or all.`
        : `Your ${count} images are too few to train on, as some are needed for validation and testing: expected ten or more of each class.`;
    throw new DataError(problem, { cause });
  }
}
