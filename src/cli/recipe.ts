/** From a preset and the command line to the settings of a run, and from those to the data and what `fit` is given. */
import { UsageError } from '../errors.js';
import type { Device } from '../engine/device.js';
import type { AugmentOptions } from '../kernels/index.js';
import { type Optimizer, rmsprop, sgd } from '../nn/optimizers.js';
import type { LoadedDataset } from '../data/loaded_dataset.js';
import { type SplitDataset, type SplitName, splitDataset } from '../data/splits.js';
import {
  type ModelName,
  type PresetName,
  type ScheduleName,
  isPresetName,
  presetNames,
} from '../nn/names.js';
import { recipeFor, scheduledRate } from '../nn/presets.js';
import type { ImageShape } from '../data/dataset.js';
import { type Output, bold } from './output.js';
import type { OptimizerName, Settings } from './settings.js';

/** What the command line may overrule; undefined is the preset's own. */
export interface RecipeOptions {
  readonly dataset: string;
  readonly data?: string;
  readonly transpose?: boolean;
  readonly imageShape?: ImageShape;
  /** The device's own when left out. */
  readonly preset?: string;
  readonly model?: ModelName;
  readonly from?: string;
  readonly split?: SplitName;
  readonly folds?: number;
  readonly fold?: number;
  readonly validationShare?: number;
  readonly limit?: number;
  readonly epochs?: number;
  readonly batchSize?: number;
  readonly microBatch?: number;
  readonly memory?: number;
  readonly learningRate?: number;
  readonly schedule?: ScheduleName;
  readonly optimizer?: OptimizerName;
  readonly momentum?: number;
  readonly l2?: number;
  readonly standardise?: boolean;
  /** False: --no-filters. */
  readonly filters?: boolean;
  /** False: --no-augmentation. */
  readonly augmentation?: boolean;
  /** False: --no-flips. */
  readonly flips?: boolean;
  readonly variants?: number;
  readonly tensorboard?: boolean;
  readonly seed: number;
}

/** Throws: UsageError for options that contradict each other, whatever the preset. */
export function checkRecipe(options: RecipeOptions): void {
  if (options.momentum !== undefined && options.optimizer !== 'sgd')
    throw new UsageError('train: --momentum is for --optimizer sgd.');
  if (isFolded(options) && options.split !== undefined && options.split !== 'k-fold')
    throw new UsageError('train: --folds and --fold are for --split k-fold.');
}

function isFolded({ folds, fold }: RecipeOptions): boolean {
  return folds !== undefined || fold !== undefined;
}

/** The preset, the device's own when none is named, with the options laid over it. */
export function chooseSettings(options: RecipeOptions, device: Device, output: Output): Settings {
  return settingsOf(options, namedPreset(options) ?? presetFor(device, output));
}

/** The preset with the options laid over it. Throws: UsageError for options that the preset does not allow. */
export function settingsOf(options: RecipeOptions, preset: PresetName): Settings {
  checkRecipe(options);
  const recipe = recipeFor(preset, options.dataset);
  const augmentation = chooseAugmentation(recipe.augmentation, options);
  const variantsPerImage = options.variants ?? 1;
  if (variantsPerImage > 1 && augmentation === null)
    throw new UsageError(
      `train: --variants ${variantsPerImage} shows each image several times, but nothing is augmented (preset ${preset}); all would be the same.`,
    );
  const split = options.split ?? (isFolded(options) ? 'k-fold' : recipe.split);
  if (options.validationShare !== undefined && split !== 'official')
    throw new UsageError(`train: --validation-share is for --split official, not for ${split}.`);
  // A rate that is named without a schedule is meant as it stands.
  const schedule = options.schedule ?? (options.learningRate === undefined ? recipe.schedule : 'constant');
  return {
    dataset: options.dataset,
    data: options.data ?? null,
    transpose: options.transpose ?? false,
    shape: options.imageShape ?? null,
    preset,
    model: options.model ?? recipe.model,
    from: options.from ?? null,
    split,
    folds: options.folds ?? null,
    fold: options.fold ?? null,
    validationShare: split === 'official' ? (options.validationShare ?? recipe.validationShare) : null,
    limit: options.limit ?? recipe.limit,
    epochs: options.epochs ?? recipe.epochs,
    batchSize: options.batchSize ?? recipe.batchSize,
    microBatch: options.microBatch ?? null,
    memory: options.memory ?? null,
    learningRate: options.learningRate ?? recipe.learningRate,
    schedule,
    plateaus: schedule === 'constant' ? recipe.plateaus : null,
    optimizer: options.optimizer ?? 'rmsprop',
    momentum: options.momentum ?? 0,
    l2: options.l2 ?? 0,
    standardise: options.standardise ?? false,
    filters: options.filters === false ? [] : recipe.filters,
    augmentation,
    variantsPerImage,
    tensorBoard: options.tensorboard ?? recipe.tensorBoard,
    seed: options.seed,
  };
}

/** Undefined when none is named. Throws: UsageError for an unknown one. */
export function namedPreset({ preset }: RecipeOptions): PresetName | undefined {
  if (preset === undefined || isPresetName(preset)) return preset;
  throw new UsageError(`train: preset '${preset}' is unknown, expected one of ${presetNames.join(', ')}.`);
}

/** The preset that suits a device. */
function presetFor(device: Device, output: Output): PresetName {
  const isSoftware = device.traits.family === 'software';
  const chosen = isSoftware ? 'quick' : 'corrected';
  output.say(
    `Preset ${bold(output, chosen)}: the device is ${isSoftware ? 'software on the CPU, where a full recipe would take hours' : 'a GPU'}; choose with --preset.`,
  );
  return chosen;
}

function chooseAugmentation(
  augmentation: AugmentOptions | null,
  { augmentation: isWanted, flips }: RecipeOptions,
): AugmentOptions | null {
  if (augmentation === null || isWanted === false) return null;
  return flips === false ? { ...augmentation, horizontalFlip: false, verticalFlip: false } : augmentation;
}

export function optimizerOf(settings: Settings): Optimizer {
  const learningRate = scheduledRate(settings.schedule, settings.learningRate);
  return settings.optimizer === 'sgd'
    ? sgd({ learningRate, momentum: settings.momentum })
    : rmsprop({ learningRate });
}

/** The data cut as the settings say. Throws: UsageError for a split that the data do not allow. */
export function splitBy(
  settings: Pick<Settings, 'split' | 'folds' | 'fold' | 'validationShare' | 'limit' | 'seed'>,
  loaded: LoadedDataset,
): SplitDataset {
  const { split, folds, fold, validationShare, limit, seed } = settings;
  return splitDataset(loaded, {
    split,
    seed,
    ...(validationShare === null ? {} : { validationShare }),
    limit,
    ...(folds === null ? {} : { folds }),
    ...(fold === null ? {} : { fold }),
  });
}

/** `rotation ±10°, shift ±10 %, zoom ±10 %`; for people. */
export function describeAugmentation(options: AugmentOptions): string {
  const share = (value: number): string => `±${Number((value * 100).toFixed(1))} %`;
  const { zoom, erasing, fill = 'nearest' } = options;
  const isMoved = [options.rotation, options.widthShift, options.heightShift, zoom].some(Boolean);
  const parts = [
    options.rotation && `rotation ±${options.rotation}°`,
    options.widthShift && `shift across ${share(options.widthShift)}`,
    options.heightShift && `shift down ${share(options.heightShift)}`,
    zoom && (typeof zoom === 'number' ? `zoom ${share(zoom)}` : `zoom ${zoom.join(' to ')}`),
    isMoved && `filled with ${fill}`,
    options.horizontalFlip && 'mirrored',
    options.verticalFlip && 'upside down',
    options.padAndCrop && `padded by ${options.padAndCrop} and cropped`,
    options.brightness && `brightness ${share(options.brightness)}`,
    options.contrast && `contrast ${share(options.contrast)}`,
    erasing && `erasing in ${Math.round((erasing.probability ?? 0.5) * 100)} %`,
  ];
  return parts.filter(Boolean).join(', ') || 'nothing';
}
