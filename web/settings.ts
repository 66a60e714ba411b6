/** What a training can be set to: the defaults, the limits, and what choosing a preset or a data set changes. */
import { type ModelName, type PresetName, isPresetName } from '../src/nn/names.js';
import { recipeFor } from '../src/nn/presets.js';
import { grouped } from '../src/report/charts/numbers.js';
import type { Settings } from './protocol.js';

/** Seconds on a GPU, and a network that is right more than 98 times in 100. */
export const defaultSettings: Settings = {
  dataset: 'digits',
  preset: 'quick',
  model: 'small',
  limit: null,
  epochs: 5,
  batchSize: 32,
  learningRate: 2e-3,
  seed: 42,
  augmentation: null,
  filters: [],
};

export type Proposal = Pick<Settings, 'limit' | 'epochs' | 'batchSize' | 'learningRate'>;

/** What is proposed for a GPU, and what takes a minute or two where the processor does all the work. */
export type ProposalKind = 'gpu' | 'software';

const { limit, epochs, batchSize, learningRate } = defaultSettings;
const usual: Proposal = { limit, epochs, batchSize, learningRate };
const few: Proposal = { ...usual, limit: 2_000, epochs: 2 };

/**
 * Settings with which each model learns (accuracies on 2,000 test digits and clothes, with the processor's proposals): the
 * five units of `mlp` need many steps and a large rate, and the moving statistics of `paper-bn` hundreds of steps.
 */
const proposals: Readonly<Record<ProposalKind, Readonly<Record<ModelName, Proposal>>>> = {
  gpu: {
    mlp: { ...usual, learningRate: 1e-2 },
    small: usual,
    simple: usual,
    paper: usual,
    'paper-bn': usual,
  },
  software: {
    mlp: { ...usual, limit: 6_000, epochs: 10, learningRate: 1e-2 }, // 84 %, 78 %
    small: few, // 90 %, 76 %
    simple: few, // 93 %, 80 %
    paper: few, // 95 %, 77 %
    'paper-bn': { ...few, epochs: 5, batchSize: 16, learningRate: 1e-3 }, // 93 %, 83 %
  },
};

export function proposalFor(kind: ProposalKind, model: ModelName): Proposal {
  return proposals[kind][model];
}

export const datasetTitles: Readonly<Record<Settings['dataset'], string>> = {
  digits: 'Digits',
  fashion: 'Fashion',
  custom: 'Your own',
};

/** In the order in which the page offers them: from the one that is done first to the one that is right most often. */
export const modelTitles: Readonly<Record<ModelName, string>> = {
  mlp: 'MLP',
  small: 'Small',
  simple: 'Simple',
  paper: 'Paper',
  'paper-bn': 'Paper-BN',
};

/** Beside the title: how large the model is on digits, or how it differs. */
export const modelSizes: Readonly<Record<ModelName, string>> = {
  mlp: '4 k parameters',
  small: '23 k parameters',
  simple: '65 k parameters',
  paper: '888 k parameters',
  'paper-bn': 'normalises batches',
};

export const presetTitles: Readonly<Record<PresetName, string>> = {
  quick: 'Quick',
  corrected: 'Corrected',
  paper: 'Paper',
};

export interface NumberRange {
  readonly least: number;
  readonly most: number;
  readonly isWhole: boolean;
}

export const ranges = {
  // Two images of each of ten classes; the user's own images may need more, which the split then says.
  limit: { least: 20, most: 10_000_000, isWhole: true },
  epochs: { least: 1, most: 1_000, isWhole: true },
  batchSize: { least: 1, most: 4_096, isWhole: true },
  learningRate: { least: 1e-7, most: 10, isWhole: false },
  seed: { least: 0, most: 2 ** 32 - 1, isWhole: true },
} as const satisfies Partial<Record<keyof Settings, NumberRange>>;

export type NumberField = keyof typeof ranges;

/** `an integer from 1 to 4,096`. */
export function expectedOf(field: NumberField): string {
  const { least, most, isWhole } = ranges[field];
  const written = (value: number): string => (Number.isInteger(value) ? grouped(value) : String(value));
  return `${isWhole ? 'an integer' : 'a number'} from ${written(least)} to ${written(most)}`;
}

export function isAllowed(field: NumberField, value: number): boolean {
  const { least, most, isWhole } = ranges[field];
  return value >= least && value <= most && (!isWhole || Number.isInteger(value));
}

/** The number that a person wrote; undefined where it is none, or not one that the field may have. */
export function parseNumber(field: NumberField, text: string): number | undefined {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  return isAllowed(field, value) ? value : undefined;
}

/** What a preset decides, of what the page can set. */
export function settingsOfPreset(
  preset: PresetName,
  dataset: Settings['dataset'],
): Omit<Settings, 'dataset' | 'seed'> {
  const { model, limit, epochs, batchSize, learningRate, augmentation, filters } = recipeFor(preset, dataset);
  return { preset, model, limit, epochs, batchSize, learningRate, augmentation, filters };
}

/** Everything that the preset decides is set; what it leaves open stays. Any of it can then be changed. */
export function withPreset(settings: Settings, preset: PresetName): Settings {
  return { ...settings, ...settingsOfPreset(preset, settings.dataset) };
}

/**
 * Another model. What stands as it was proposed for the one before is proposed for this one; what was set stays, and so does
 * all that another recipe than the default's decides.
 */
export function withModel(settings: Settings, model: ModelName): Settings {
  if (settings.preset !== defaultSettings.preset) return { ...settings, model };
  const kind = settings.limit === proposals.software[settings.model].limit ? 'software' : 'gpu';
  const [before, now] = [settings.model, model].map((name) => proposalFor(kind, name)) as [
    Proposal,
    Proposal,
  ];
  const moved = <Name extends keyof Proposal>(name: Name): Proposal[Name] =>
    settings[name] === before[name] ? now[name] : settings[name];
  return {
    ...settings,
    model,
    limit: moved('limit'),
    epochs: moved('epochs'),
    batchSize: moved('batchSize'),
    learningRate: moved('learningRate'),
  };
}

/**
 * Another data set. The preset's augmentation is another for some of them (digits are not mirrored, clothes are), and
 * is taken over unless it had been changed.
 */
export function withDataset(settings: Settings, dataset: Settings['dataset']): Settings {
  const before = recipeFor(settings.preset, settings.dataset).augmentation;
  const isPresets = JSON.stringify(settings.augmentation) === JSON.stringify(before);
  const augmentation = isPresets ? recipeFor(settings.preset, dataset).augmentation : settings.augmentation;
  return { ...settings, dataset, augmentation };
}

export function isDatasetName(name: string): name is Settings['dataset'] {
  return Object.hasOwn(datasetTitles, name);
}

export function isModelName(name: string): name is ModelName {
  return Object.hasOwn(modelTitles, name);
}

export { isPresetName };
