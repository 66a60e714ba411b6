/** Presets: whole recipes by name. A preset decides model, schedule and length; options on the command line overrule it. */
import type { Callback } from '../nn/callbacks/callback.js';
import { earlyStopping, reduceLrOnPlateau } from '../nn/callbacks/index.js';
import { type LearningRate, cosineDecay } from '../nn/schedules.js';

export interface Preset {
  /** How many of the images are trained and validated on; null for all. */
  readonly limit: number | null;
  readonly epochs: number;
  readonly batchSize: number;
  /** Share of the training images that becomes the validation set, by class. */
  readonly validationShare: number;
  readonly learningRate: LearningRate;
  /** For people and for run.json. */
  readonly description: string;
  callbacks(say: (line: string) => void): Callback[];
}

export const presets = {
  quick: {
    limit: 36_000,
    epochs: 2,
    batchSize: 64,
    validationShare: 0.1,
    learningRate: cosineDecay({ peak: 2e-3, warmup: 0.1 }),
    description: 'a short schedule on part of the images, for a device without a GPU',
    callbacks: () => [],
  },
  corrected: {
    limit: null,
    epochs: 30,
    batchSize: 86,
    validationShare: 0.1,
    learningRate: 1e-3,
    description: 'up to 30 epochs at 1e-3, lowered on plateaus, stopped when validation stops improving',
    callbacks: (say) => [
      reduceLrOnPlateau({ monitor: 'val_accuracy', patience: 3, factor: 0.1, minLr: 1e-6, onReduce: say }),
      earlyStopping({ monitor: 'val_accuracy', patience: 8 }),
    ],
  },
} as const satisfies Record<string, Preset>;

export type PresetName = keyof typeof presets;

export function isPresetName(name: string): name is PresetName {
  return Object.hasOwn(presets, name);
}
