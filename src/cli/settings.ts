/** What a run is made of, and the names from which its parts are chosen. */
import type { SplitName } from '../data/splits.js';
import type { AugmentOptions } from '../kernels/index.js';
import type { ModelName, PresetName, ScheduleName } from '../nn/names.js';
import type { Filter } from '../nn/preprocessing.js';
import type { PlateauRule } from '../nn/presets.js';
import type { ImageShape } from '../data/dataset.js';

export const optimizerNames = ['rmsprop', 'sgd'] as const;
export type OptimizerName = (typeof optimizerNames)[number];

/** Everything that decides about a run; kept in run.json, so that `--resume` goes on with the same. */
export interface Settings {
  /** digits, fashion, or a path. */
  readonly dataset: string;
  /** The folder that --data named. */
  readonly data: string | null;
  /** Of IDX files: rows and columns are swapped. */
  readonly transpose: boolean;
  /** Of a CSV whose columns are no grey square. */
  readonly shape: ImageShape | null;
  readonly preset: PresetName;
  readonly model: ModelName;
  /** A saved model whose weights training begins with. */
  readonly from: string | null;
  readonly split: SplitName;
  readonly folds: number | null;
  readonly fold: number | null;
  /** Of the split `official`. */
  readonly validationShare: number | null;
  readonly limit: number | null;
  readonly epochs: number;
  readonly batchSize: number;
  /** Images at once; null is as many as fit. Runs of older versions have neither this nor `memory`. */
  readonly microBatch?: number | null;
  /** Bytes that the device may hold; null is what it has. */
  readonly memory?: number | null;
  /** Constant, or the peak of the schedule. */
  readonly learningRate: number;
  readonly schedule: ScheduleName;
  readonly plateaus: PlateauRule | null;
  readonly optimizer: OptimizerName;
  readonly momentum: number;
  /** Weight of Σ w² over the kernels in the loss. */
  readonly l2: number;
  readonly standardise: boolean;
  readonly filters: readonly Filter[];
  readonly augmentation: AugmentOptions | null;
  readonly variantsPerImage: number;
  readonly tensorBoard: boolean;
  readonly seed: number;
}
