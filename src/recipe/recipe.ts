/**
 * A recipe: everything that determines a run. The command line and the page make it from a preset and the user's choices
 * (make_recipe.ts); run.json and the page's saved sessions store it (recipe_json.ts); the parts of the run are made from it
 * (parts.ts).
 */
import type { AugmentOptions } from '../augment_options.js';
import type { ImageShape } from '../data/dataset.js';
import type { PicturePreparation } from '../picture_preparation.js';
import type { SplitName } from '../data/split_names.js';
import type { SplitOptions } from '../data/splits.js';
import type { ModelName, PresetName, ScheduleName } from '../nn/names.js';
import type { Filter } from '../nn/samples/preprocessing.js';
import type { OptimizerDescription } from '../nn/training/stored_optimizer.js';

/** Lowers the rate, and later ends the training, if validation accuracy has not improved for some epochs. */
export interface PlateauRule {
  /** Epochs before the rate is multiplied by `factor`, with the minimum `minLr`. */
  readonly patience: number;
  readonly factor: number;
  readonly minLr: number;
  /** Epochs before training ends. */
  readonly stopAfter: number;
}

/** How to split the images: the name of a split, and its options. */
export interface SplitRecipe extends Pick<SplitOptions, 'validationShare' | 'folds' | 'fold'> {
  readonly name: SplitName;
}

/** Where the images come from and how they are split: this identifies the images that a run was trained on. */
export interface DataRecipe<Dataset extends string = string> {
  /** `digits`, `fashion`, a path on the command line, or `custom` for files dropped on the page. */
  readonly dataset: Dataset;
  /** The folder with the files of a named data set; null for the default places. */
  readonly data: string | null;
  /** For IDX files: swap rows and columns. */
  readonly transpose: boolean;
  /** For a table: the column of the labels, and the values of black and white. */
  readonly labelColumn?: string;
  readonly pixelRange?: readonly [black: number, white: number];
  /** How pictures become images; what is left out is chosen by the images. */
  readonly pictures?: Partial<Pick<PicturePreparation, 'fit' | 'polarity' | 'background'>>;
  /** The size that pictures of different sizes are brought to. */
  readonly size?: { readonly height: number; readonly width: number };
  /** Leaves out pictures that are damaged, empty or of a single colour. */
  readonly skipBad?: true;
  readonly split: SplitRecipe;
  /** Number of images to train and validate on; null for all. */
  readonly limit: number | null;
  /** Seeds the split, initial weights, order, dropout and augmentation. */
  readonly seed: number;
}

export interface Recipe<Dataset extends string = string> extends DataRecipe<Dataset> {
  /** For a CSV whose rows are not square greyscale images. */
  readonly shape: ImageShape | null;
  /** The preset behind the defaults. */
  readonly preset: PresetName;
  readonly model: ModelName;
  /** A saved model whose weights the training starts from. */
  readonly from: string | null;
  /** The factor of Σ w² over the kernels in the loss. */
  readonly l2: number;
  /** Scales inputs to mean 0 and standard deviation 1 instead of 0 … 1. */
  readonly standardise: boolean;
  readonly filters: readonly Filter[];
  readonly epochs: number;
  readonly batchSize: number;
  /** Images per micro-batch; null for as many as fit. */
  readonly microBatch: number | null;
  /** Limit for the device memory of the training in bytes; null for all that the device has. */
  readonly memory: number | null;
  /** The optimizer's name and options, without those at their defaults; its learning rate is `learningRate`. */
  readonly optimizer: OptimizerDescription;
  /** The constant rate, or the peak of the schedule. */
  readonly learningRate: number;
  readonly schedule: ScheduleName;
  /** The α of mixup, and of cutmix; see MixOptions. */
  readonly mixup?: number;
  readonly cutmix?: number;
  /** The loss, if it is not sparseCategoricalCrossentropy. */
  readonly loss?: string;
  /** A factor of the loss of each training image by its class. */
  readonly classWeights?: 'balanced' | Readonly<Record<string, number>>;
  /** Shows images of rare classes as often as those of the largest one. */
  readonly oversample?: true;
  /** Patterns of the names of layers that keep the weights of `from`. */
  readonly freeze?: readonly string[];
  /** What to do when validation stops improving; not combined with a schedule. */
  readonly plateaus: PlateauRule | null;
  /** Null for no augmentation. */
  readonly augmentation: AugmentOptions | null;
  /** How often an epoch shows each image, augmented differently each time. */
  readonly variantsPerImage: number;
  readonly tensorBoard: boolean;
}
