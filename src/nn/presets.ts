/**
 * Presets: whole recipes by name, one for each data set. A recipe decides model, data split, pictures, schedule and
 * length; options on the command line and settings of the page overrule its parts.
 */
import type { SplitName } from '../data/splits.js';
import type { AugmentOptions } from '../kernels/index.js';
import type { Callback } from './callbacks/callback.js';
import { earlyStopping, reduceLrOnPlateau } from './callbacks/index.js';
import type { ModelName, PresetName, ScheduleName } from './names.js';
import { type Filter, filters } from './preprocessing.js';
import { type LearningRate, cosineDecay, oneCycle, stepDecay } from './schedules.js';

/** Lowers the rate, then ends training, when validation accuracy has not improved for some epochs. */
export interface PlateauRule {
  /** Epochs before the rate is multiplied by `factor`, down to `minLr`. */
  readonly patience: number;
  readonly factor: number;
  readonly minLr: number;
  /** Epochs before training ends. */
  readonly stopAfter: number;
}

export interface Recipe {
  readonly model: ModelName;
  /** How many of the images are trained and validated on; null for all. */
  readonly limit: number | null;
  readonly split: SplitName;
  /** Share of the training images that becomes the validation set, by class. */
  readonly validationShare: number;
  readonly epochs: number;
  readonly batchSize: number;
  /** The constant rate, or the schedule's peak. */
  readonly learningRate: number;
  readonly schedule: ScheduleName;
  /** What is done when validation stops improving; not beside a schedule. */
  readonly plateaus: PlateauRule | null;
  readonly filters: readonly Filter[];
  /** Null: the images as they are. */
  readonly augmentation: AugmentOptions | null;
  readonly tensorBoard: boolean;
}

export interface Preset {
  /** For people and for run.json. */
  readonly description: string;
  readonly digits: Recipe;
  readonly fashion: Recipe;
  /** For a data set of one's own: nothing is known of what may be turned or mirrored. */
  readonly other: Recipe;
}

const quick: Recipe = {
  model: 'paper',
  limit: 36_000,
  split: 'official',
  validationShare: 0.1,
  epochs: 2,
  batchSize: 64,
  learningRate: 2e-3,
  schedule: 'cosine',
  plateaus: null,
  filters: [],
  augmentation: null,
  tensorBoard: false,
};

/** The recipe of the 2017 notebook that reports 99.67 % on digits: no flips, since 6 and 9 are each other's. */
const corrected: Recipe = {
  model: 'paper',
  limit: null,
  split: 'official',
  validationShare: 0.1,
  epochs: 30,
  batchSize: 86,
  learningRate: 1e-3,
  schedule: 'constant',
  plateaus: { patience: 3, factor: 0.1, minLr: 1e-6, stopAfter: 8 },
  filters: [],
  augmentation: { rotation: 10, widthShift: 0.1, heightShift: 0.1, zoom: 0.1 },
  tensorBoard: false,
};

/** The system as it was published, with both flips and filters that nearly cancel. */
const paper: Recipe = {
  ...corrected,
  split: '45k/15k',
  epochs: 40,
  plateaus: { patience: 3, factor: 0.1, minLr: 1e-4, stopAfter: 3 },
  filters: [filters.blur(5), filters.sharpen()],
  augmentation: {
    rotation: 8,
    widthShift: 0.1,
    heightShift: 0.1,
    zoom: 0.2,
    horizontalFlip: true,
    verticalFlip: true,
    fill: 'nearest',
  },
  tensorBoard: true,
};

export const presets = {
  quick: {
    description: 'a short schedule on part of the images, for a device without a GPU',
    digits: quick,
    fashion: quick,
    other: quick,
  },
  corrected: {
    description:
      'augmented without harm, the rate lowered on plateaus, stopped when validation stops improving',
    digits: corrected,
    // Clothes are mirrored, and photographed upright in the middle: large turns and shifts show what never comes.
    fashion: {
      ...corrected,
      augmentation: { horizontalFlip: true, widthShift: 0.05, heightShift: 0.05, zoom: 0.05 },
    },
    other: { ...corrected, augmentation: { widthShift: 0.1, heightShift: 0.1, zoom: 0.1 } },
  },
  paper: {
    description: 'as published: blurred and sharpened, flipped both ways, up to 40 epochs',
    digits: paper,
    fashion: paper,
    other: { ...paper, split: 'official' },
  },
} as const satisfies Record<PresetName, Preset>;

export function recipeFor(preset: PresetName, dataset: string): Recipe {
  const chosen: Preset = presets[preset];
  return dataset === 'digits' || dataset === 'fashion' ? chosen[dataset] : chosen.other;
}

const scheduled: Readonly<Record<ScheduleName, (rate: number) => LearningRate>> = {
  constant: (rate) => rate,
  cosine: (rate) => cosineDecay({ peak: rate, warmup: 0.1 }),
  'one-cycle': (rate) => oneCycle({ peak: rate }),
  step: (rate) => stepDecay({ rate, factor: 0.1, every: 10 }),
};

/** From the rate, or the peak, to what the optimizer is given. */
export function scheduledRate(schedule: ScheduleName, rate: number): LearningRate {
  return scheduled[schedule](rate);
}

/** The callbacks of a recipe's plateau rule; `say` hears what they do. */
export function plateauCallbacks(
  { plateaus }: Pick<Recipe, 'plateaus'>,
  say: (line: string) => void,
): Callback[] {
  if (!plateaus) return [];
  const { patience, factor, minLr, stopAfter } = plateaus;
  const monitor = 'val_accuracy';
  return [
    reduceLrOnPlateau({ monitor, patience, factor, minLr, say }),
    earlyStopping({ monitor, patience: stopAfter, say }),
  ];
}
