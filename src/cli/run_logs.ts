/** The TensorBoard logs of a run. */
import { hostname } from 'node:os';
import process from 'node:process';
import type { Folder } from '../folder.js';
import type { Callback } from '../nn/callbacks/callback.js';
import type { Model } from '../nn/model.js';
import { encodePng } from '../node/png.js';
import { evaluate } from '../report/evaluation.js';
import type { Recipe } from '../recipe/recipe.js';
import { tensorBoard } from '../report/tensorboard/index.js';
import { augmentedSamples } from './augmented_samples.js';
import { type RunFile, stampOf } from './run_folder.js';
import type { Images } from './train_result.js';

/** Validation images in the confusion matrix: enough to be meaningful, few enough for every epoch. */
const confusionImages = 2000;

/** Writes curves, histograms of weights, augmented samples and the confusion matrix to `logs`. */
export function tensorBoardOf(
  model: Model,
  images: Images,
  { augmentation, seed }: Recipe,
  logs: Folder,
  { startedAt }: RunFile,
): Callback {
  const watched = images.validation.take(Math.min(confusionImages, images.validation.count), { seed });
  return tensorBoard({
    logDir: logs,
    // From run.json and not from the clock: the checkpoint contains the callback's state, and must be reproducible.
    run: stampOf(startedAt),
    histogramFreq: 1,
    encodePng,
    host: hostname(),
    pid: process.pid,
    imageSamples: async (epoch) => {
      const { rows } = await augmentedSamples(images.train, model.preprocessing, augmentation ?? {}, {
        seed,
        firstEpoch: epoch,
        variants: 1,
      });
      return rows.flatMap(({ variants }) => variants);
    },
    confusion: async () => {
      const probabilities = await model.predict(watched);
      return evaluate(watched.labels, probabilities, watched.classCount, { seed });
    },
  });
}
