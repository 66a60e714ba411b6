/** Makes the parts of a run from its recipe: data, model, callbacks, and the options of `fit`. */
import { preparationFor } from '../data/choose_preparation.js';
import type { ImageSet } from '../data/dataset.js';
import type { LoadedDataset } from '../data/loaded_dataset.js';
import { type SplitDataset, splitDataset } from '../data/splits.js';
import type { Device } from '../engine/device.js';
import type { Callback } from '../nn/callbacks/callback.js';
import { earlyStopping, reduceLrOnPlateau } from '../nn/callbacks/index.js';
import { UsageError } from '../errors.js';
import type { Model } from '../nn/model.js';
import { modelsByName } from '../nn/models.js';
import { freeze } from '../nn/network/network_changes.js';
import { preprocessing } from '../nn/samples/preprocessing.js';
import type { TaskOptions } from '../nn/training/task.js';
import type { FitOptions } from '../nn/training/training.js';
import { optimizerOf } from './optimizer_of.js';
import type { DataRecipe, Recipe } from './recipe.js';

/** The images, split as the recipe says. Throws: UsageError for a split that does not suit the data set. */
export function splitBy(
  { split: { name, ...options }, limit, seed }: Pick<DataRecipe, 'split' | 'limit' | 'seed'>,
  loaded: LoadedDataset,
): SplitDataset {
  return splitDataset(loaded, { split: name, ...options, limit, seed });
}

const classification: TaskOptions = { loss: 'sparseCategoricalCrossentropy' };

/**
 * The compiled model with initial weights for these images, on `device` or the default device. `task` is that of the recipe's
 * `loss`.
 *
 * Throws: UsageError for a pattern of `freeze` that matches no layer.
 */
export function modelOf(
  recipe: Recipe,
  images: ImageSet,
  { device, task = classification }: { readonly device?: Device; readonly task?: TaskOptions } = {},
): Model {
  const { model: name, seed, l2, standardise, filters, pictures } = recipe;
  const model = modelsByName[name]({
    seed,
    ...(device ? { device } : {}),
    classes: images.classCount,
    inputShape: images.imageShape,
    preprocessing: preprocessing({
      ...(standardise ? { standardise: images.meanAndDeviation() } : {}),
      filters,
    }),
    pictures: { ...preparationFor(images), ...pictures },
    classNames: images.classNames,
    ...(l2 > 0 ? { kernelRegularizer: { l2 } } : {}),
  });
  const own = recipe.freeze
    ? model.withNetwork(freeze(model.network, ...frozenBy(recipe.freeze, model)))
    : model;
  own.compile({ optimizer: optimizerOf(recipe), ...task });
  return own;
}

/** The layers with parameters whose names match one of the patterns. Throws: UsageError for a pattern that none matches. */
function frozenBy(patterns: readonly string[], { network }: Model): readonly string[] {
  const names = network.nodes.filter(({ parameters }) => parameters.length > 0).map(({ name }) => name);
  const matching = patterns.map((pattern) => {
    const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
    const found = names.filter((name) => new RegExp(`^${parts.join('.*')}$`).test(name));
    if (found.length === 0)
      throw new UsageError(
        `train: --freeze '${pattern}' matches no layer with weights, expected a pattern for one or more of ${names.join(', ')}.`,
      );
    return found;
  });
  const all = new Set(matching.flat());
  if (all.size === names.length)
    throw new UsageError(
      `train: --freeze '${patterns.join(',')}' matches all layers with weights, so nothing would be trained.`,
    );
  return [...all];
}

/** The batch size: the recipe's, or all images if there are fewer. */
export function batchSizeOf({ batchSize }: Pick<Recipe, 'batchSize'>, { count }: ImageSet): number {
  return Math.min(batchSize, count);
}

/** The options of `fit` on these images. */
export function fitOptionsOf(recipe: Recipe, images: ImageSet): FitOptions {
  const {
    epochs,
    microBatch,
    memory,
    seed,
    augmentation,
    variantsPerImage,
    classWeights,
    oversample,
    mixup,
    cutmix,
  } = recipe;
  return {
    epochs,
    batchSize: batchSizeOf(recipe, images),
    microBatchSize: microBatch ?? undefined,
    memory: memory ?? undefined,
    seed,
    ...(augmentation ? { augmentation } : {}),
    variantsPerImage,
    ...(classWeights === undefined ? {} : { classWeights }),
    ...(oversample ? { oversample } : {}),
    ...(mixup === undefined ? {} : { mixup }),
    ...(cutmix === undefined ? {} : { cutmix }),
  };
}

/** Callbacks that lower the rate and stop early when validation stops improving; `say` is called with a line for each. */
export function callbacksOf(
  { plateaus }: Pick<Recipe, 'plateaus'>,
  say: (line: string) => void,
): readonly Callback[] {
  if (!plateaus) return [];
  const { patience, factor, minLr, stopAfter } = plateaus;
  const monitor = 'val_accuracy';
  return [
    reduceLrOnPlateau({ monitor, patience, factor, minLr, say }),
    earlyStopping({ monitor, patience: stopAfter, say }),
  ];
}
