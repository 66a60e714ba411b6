/** From the page's settings, with the preset's own where they say nothing, to what `fit` is given. */
import type { LoadedDataset } from '../../src/data/loaded_dataset.js';
import { type SplitDataset, splitDataset } from '../../src/data/splits.js';
import { checkTrainable } from '../../src/data/trainable.js';
import type { ImageSet } from '../../src/data/dataset.js';
import type { Device } from '../../src/engine/device.js';
import { DataError, UsageError } from '../../src/errors.js';
import type { Callback } from '../../src/nn/callbacks/callback.js';
import { terminateOnNaN, warnOnDivergence } from '../../src/nn/callbacks/index.js';
import { modelsByName } from '../../src/nn/models.js';
import { type Optimizer, rmsprop } from '../../src/nn/optimizers.js';
import { preprocessing } from '../../src/nn/preprocessing.js';
import { plateauCallbacks, recipeFor, scheduledRate } from '../../src/nn/presets.js';
import type { Model } from '../../src/nn/model.js';
import type { Settings } from '../protocol.js';

/**
 * The images cut as the preset says.
 *
 * Throws: DataError where all are of one class, or too few; UsageError for a split that the data do not allow.
 */
export function splitBy({ preset, dataset, limit, seed }: Settings, loaded: LoadedDataset): SplitDataset {
  checkTrainable(loaded);
  const { split, validationShare } = recipeFor(preset, dataset);
  try {
    return splitDataset(loaded, { split, validationShare, limit, seed });
  } catch (cause) {
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

/** Images per step: all, where there are fewer than were asked for. */
export function batchSizeOf({ batchSize }: Settings, { count }: ImageSet): number {
  return Math.min(batchSize, count);
}

export function optimizerFor({ preset, dataset, learningRate }: Settings): Optimizer {
  const { schedule } = recipeFor(preset, dataset);
  return rmsprop({ learningRate: scheduledRate(schedule, learningRate) });
}

/** A model with first weights, compiled. */
export function modelFor(settings: Settings, images: ImageSet, device: Device): Model {
  const { model: name, seed, filters } = settings;
  const model = modelsByName[name]({
    seed,
    device,
    classes: images.classCount,
    inputShape: images.imageShape,
    preprocessing: preprocessing({ filters }),
  });
  model.compile({ optimizer: optimizerFor(settings), loss: 'sparseCategoricalCrossentropy' });
  return model;
}

/** What ends training early, or lowers its rate, of which `say` hears; `hasTrouble`: why training comes to nothing. */
export function callbacksFor(
  { preset, dataset }: Settings,
  { say, hasTrouble }: Record<'say' | 'hasTrouble', (text: string) => void>,
): readonly Callback[] {
  const { schedule, plateaus } = recipeFor(preset, dataset);
  return [
    warnOnDivergence({ say: (line) => hasTrouble(`${line} Train again with a smaller one.`) }),
    terminateOnNaN({ say: () => undefined }),
    ...plateauCallbacks({ plateaus: schedule === 'constant' ? plateaus : null }, say),
  ];
}
