/** Makes a recipe from the options of `train`. */
import type { Device } from '../engine/device.js';
import { UsageError } from '../errors.js';
import type { AugmentOptions } from '../kernels/index.js';
import type { PresetName } from '../nn/names.js';
import { checkOptimizer, optimizerNameRule } from '../nn/optimizers/from_config.js';
import { registeredOptimizers } from '../nn/optimizers/optimizer_rule.js';
import { check } from '../options.js';
import { makeRecipe } from '../recipe/make_recipe.js';
import { presetFor } from '../recipe/presets.js';
import type { Recipe, SplitRecipe } from '../recipe/recipe.js';
import { readRecipe } from '../recipe/recipe_json.js';
import type { TrainOptions } from './commands.js';
import { formChoice } from './load_images.js';
import { type Output, bold } from './output.js';
import { checkLoss } from './task_of.js';

/** The options of `train`, of which most may be missing. */
export type RecipeOptions = Partial<TrainOptions> & Pick<TrainOptions, 'dataset' | 'seed'>;

/** Throws: UsageError for an unknown optimizer, and for options that contradict each other with any preset. */
export function checkRecipeOptions(options: RecipeOptions, who = 'train'): void {
  if (options.optimizer !== undefined) check(who, '--optimizer', options.optimizer, optimizerNameRule());
  const { momentum, optimizer = 'rmsprop' } = options;
  if (momentum !== undefined && !takesMomentum(optimizer, momentum))
    throw new UsageError(
      `${who}: --momentum is not for --optimizer ${optimizer}, but for ${[...registeredOptimizers().keys()]
        .filter((name) => takesMomentum(name, momentum))
        .sort()
        .join(', ')}.`,
    );
  if (options.loss !== undefined) checkLoss(who, options.loss);
  if (options.freeze !== undefined && options.from === undefined)
    throw new UsageError(`${who}: --freeze keeps the weights of a saved model; name the model with --from.`);
  if (isFolded(options) && options.split !== undefined && options.split !== 'k-fold')
    throw new UsageError(`${who}: --folds and --fold are for --split k-fold.`);
}

function takesMomentum(name: string, momentum: number): boolean {
  try {
    checkOptimizer({ name, config: { momentum } });
    return true;
  } catch (error) {
    if (error instanceof UsageError) return false;
    throw error;
  }
}

function isFolded({ folds, fold }: RecipeOptions): boolean {
  return folds !== undefined || fold !== undefined;
}

/** The preset, by default the one for the device, overridden by the options. */
export function chooseRecipe(options: RecipeOptions, device: Device, output: Output): Recipe {
  return recipeOf(options, options.preset ?? presetForDevice(device, output));
}

/** The preset, overridden by the options. Throws: UsageError for options that do not fit the preset. */
export function recipeOf(options: RecipeOptions, preset: PresetName): Recipe {
  checkRecipeOptions(options);
  const { dataset, learningRate, optimizer, momentum } = options;
  const usual = presetFor(preset, dataset);
  const recipe = makeRecipe({
    preset,
    dataset,
    data: options.data,
    transpose: options.transpose,
    shape: options.imageShape,
    ...formChoice(options),
    model: options.model,
    from: options.from,
    split: splitOf(options, usual.split),
    limit: options.limit,
    epochs: options.epochs,
    batchSize: options.batchSize,
    microBatch: options.microBatch,
    memory: options.memory,
    learningRate,
    // A rate without a schedule is meant to be constant.
    schedule: options.schedule ?? (learningRate === undefined ? undefined : 'constant'),
    optimizer:
      optimizer === undefined && momentum === undefined
        ? undefined
        : { name: optimizer ?? 'rmsprop', config: momentum === undefined ? {} : { momentum } },
    mixup: options.mixup,
    cutmix: options.cutmix,
    loss: options.loss === 'sparseCategoricalCrossentropy' ? undefined : options.loss,
    classWeights: options.classWeights,
    oversample: options.oversample === true ? true : undefined,
    freeze: options.freeze,
    l2: options.l2,
    standardise: options.standardise,
    filters: options.filters === false ? [] : undefined,
    augmentation: augmentationOf(options, usual.augmentation),
    variantsPerImage: options.variants,
    tensorBoard: options.tensorboard,
    seed: options.seed,
  });
  return readRecipe(recipe, (what, cause) => new UsageError(`train: ${what}.`, { cause }));
}

function splitOf(options: RecipeOptions, usual: SplitRecipe): SplitRecipe {
  const { folds, fold, validationShare } = options;
  const name = options.split ?? (isFolded(options) ? 'k-fold' : usual.name);
  if (validationShare !== undefined && name !== 'official')
    throw new UsageError(`train: --validation-share is for --split official, not for ${name}.`);
  if (name === 'official') return { name, validationShare: validationShare ?? usual.validationShare ?? 0.1 };
  return {
    name,
    ...(folds === undefined ? {} : { folds }),
    ...(fold === undefined ? {} : { fold }),
  };
}

function augmentationOf(
  { augmentation: isWanted, flips }: RecipeOptions,
  usual: AugmentOptions | null,
): AugmentOptions | null {
  if (usual === null || isWanted === false) return null;
  return flips === false ? { ...usual, horizontalFlip: false, verticalFlip: false } : usual;
}

export const presetDescriptions: Readonly<Record<PresetName, string>> = {
  quick: 'a short schedule on part of the images, for devices without a GPU',
  corrected: 'augmentation that suits the data, learning rate reduced on plateaus, early stopping',
  paper: 'as published: blur and sharpen filters, flips in both directions, up to 40 epochs',
};

/** The default preset for a device. */
function presetForDevice(device: Device, output: Output): PresetName {
  const isSoftware = device.traits.family === 'software';
  const chosen = isSoftware ? 'quick' : 'corrected';
  output.say(
    `Preset ${bold(output, chosen)}: the device is ${isSoftware ? 'software on the CPU, where a full recipe would take hours' : 'a GPU'}; choose with --preset.`,
  );
  return chosen;
}

/** A readable description: `rotation ±10°, shift ±10 %, zoom ±10 %`. */
export function describeAugmentation(options: AugmentOptions): string {
  const share = (value: number): string => `±${Number((value * 100).toFixed(1))} %`;
  const { zoom, erasing, fill = 'nearest' } = options;
  const isMoved = [options.rotation, options.widthShift, options.heightShift, zoom].some(Boolean);
  const parts = [
    options.rotation && `rotation ±${options.rotation}°`,
    options.widthShift && `horizontal shift ${share(options.widthShift)}`,
    options.heightShift && `vertical shift ${share(options.heightShift)}`,
    zoom && (typeof zoom === 'number' ? `zoom ${share(zoom)}` : `zoom ${zoom.join(' to ')}`),
    isMoved && `filled with ${fill}`,
    options.horizontalFlip && 'horizontal flip',
    options.verticalFlip && 'vertical flip',
    options.padAndCrop && `padded by ${options.padAndCrop} and cropped`,
    options.brightness && `brightness ${share(options.brightness)}`,
    options.contrast && `contrast ${share(options.contrast)}`,
    erasing && `erasing in ${Math.round((erasing.probability ?? 0.5) * 100)} %`,
  ];
  return parts.filter(Boolean).join(', ') || 'nothing';
}
