/**
 * A recipe: everything that decides a run. The command line and the page make it from a preset and what the user chose
 * (make_recipe.ts), run.json and the page's saved sessions hold it (recipe_json.ts), and the parts of the run are made from
 * it (parts.ts).
 */
import type { AugmentOptions } from '../augment_options.js';
import type { ImageShape } from '../data/dataset.js';
import type { SplitName } from '../data/split_names.js';
import type { SplitOptions } from '../data/splits.js';
import type { ModelName, PresetName, ScheduleName } from '../nn/names.js';
import type { Filter } from '../nn/preprocessing.js';
import type { OptimizerDescription } from '../nn/stored_optimizer.js';

/** Lowers the rate, then ends training, when validation accuracy has not improved for some epochs. */
export interface PlateauRule {
  /** Epochs before the rate is multiplied by `factor`, down to `minLr`. */
  readonly patience: number;
  readonly factor: number;
  readonly minLr: number;
  /** Epochs before training ends. */
  readonly stopAfter: number;
}

/** How the images are divided: a split by name, with that split's options. */
export interface SplitRecipe extends Pick<SplitOptions, 'validationShare' | 'folds' | 'fold'> {
  readonly name: SplitName;
}

/** Where the images come from and how they are divided: what tells which images a run was trained on. */
export interface DataRecipe<Dataset extends string = string> {
  /** `digits`, `fashion`, a path on the command line, or `custom` for files that were dropped on the page. */
  readonly dataset: Dataset;
  /** The folder with the files of a data set that is known by name; null for the usual places. */
  readonly data: string | null;
  /** For IDX files: rows and columns are swapped. */
  readonly transpose: boolean;
  readonly split: SplitRecipe;
  /** Images that are trained and validated on; null for all. */
  readonly limit: number | null;
  /** Keys the split, first weights, order, dropout and augmentation. */
  readonly seed: number;
}

export interface Recipe<Dataset extends string = string> extends DataRecipe<Dataset> {
  /** For a CSV whose rows are not square greyscale images. */
  readonly shape: ImageShape | null;
  /** Where the defaults came from. */
  readonly preset: PresetName;
  readonly model: ModelName;
  /** A saved model whose weights training begins with. */
  readonly from: string | null;
  /** Weight of Σ w² over the kernels in the loss. */
  readonly l2: number;
  /** Inputs of mean 0 and deviation 1 instead of 0 to 1. */
  readonly standardise: boolean;
  readonly filters: readonly Filter[];
  readonly epochs: number;
  readonly batchSize: number;
  /** Images at once; null for as many as fit. */
  readonly microBatch: number | null;
  /** Bytes that training may take of the device; null for what it has. */
  readonly memory: number | null;
  /** The optimizer's name and its options, those left out at their defaults; its rate is `learningRate`. */
  readonly optimizer: OptimizerDescription;
  /** The constant rate, or the schedule's peak. */
  readonly learningRate: number;
  readonly schedule: ScheduleName;
  /** What happens when validation stops improving; not with a schedule. */
  readonly plateaus: PlateauRule | null;
  /** Null for the images as they are. */
  readonly augmentation: AugmentOptions | null;
  /** How often an epoch shows each image, each time augmented differently. */
  readonly variantsPerImage: number;
  readonly tensorBoard: boolean;
}
