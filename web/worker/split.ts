/** The images of a training, divided as its recipe says. */
import type { LoadedDataset } from '../../src/data/loaded_dataset.js';
import type { SplitDataset } from '../../src/data/splits.js';
import { checkTrainable } from '../../src/data/trainable.js';
import { DataError, UsageError } from '../../src/errors.js';
import { splitBy } from '../../src/recipe/parts.js';
import type { Settings } from '../protocol.js';

/**
 * Throws: DataError if all images are of one class, or the user's own are too few; UsageError for a split that the data do
 * not allow.
 */
export function split(settings: Settings, loaded: LoadedDataset): SplitDataset {
  checkTrainable(loaded);
  try {
    return splitBy(settings, loaded);
  } catch (cause) {
    const { dataset, limit } = settings;
    // The user dropped a folder, and neither asked for a split nor can choose another.
    if (dataset !== 'custom' || !(cause instanceof UsageError)) throw cause;
    const { count, classCount } = loaded.train;
    const problem =
      limit !== null && limit < count
        ? `The number of images is ${limit}, too few for your ${classCount} classes: expected ${2 * classCount} or more, or all.`
        : `Your ${count} images are too few to train on, since some are set aside to validate and to test: expected ten or more of each class.`;
    throw new DataError(problem, { cause });
  }
}
