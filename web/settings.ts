/** The settings that people can choose: defaults, titles, limits, and how one choice changes others. */
import type { ModelName, PresetName } from '../src/nn/names.js';
import { makeRecipe } from '../src/recipe/make_recipe.js';
import { grouped } from '../src/report/charts/numbers.js';
import type { PageDataset, Settings } from './protocol.js';

/** Trains for seconds on a GPU, to more than 98 % accuracy. */
export const defaultSettings: Settings = makeRecipe<PageDataset>({
  dataset: 'digits',
  preset: 'quick',
  model: 'small',
  limit: null,
  epochs: 5,
  batchSize: 32,
  learningRate: 2e-3,
});

export type Proposal = Pick<Settings, 'limit' | 'epochs' | 'batchSize' | 'learningRate'>;

/** Proposals for a GPU, and for a CPU, where they train for a minute or two. */
export type ProposalKind = 'gpu' | 'software';

const { limit, epochs, batchSize, learningRate } = defaultSettings;
const usual: Proposal = { limit, epochs, batchSize, learningRate };
const few: Proposal = { ...usual, limit: 2_000, epochs: 2 };

/**
 * Settings with which each model learns. The five units of `mlp` need many steps and a large rate; the moving statistics of
 * `paper-bn` need hundreds of steps. The comments give the accuracy on 2,000 test images of digits and of fashion.
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

export const datasetTitles: Readonly<Record<PageDataset, string>> = {
  digits: 'Digits',
  fashion: 'Fashion',
  custom: 'Your own',
};

/** In the order in which the page offers them: from the fastest to the most accurate. */
export const modelTitles: Readonly<Record<ModelName, string>> = {
  mlp: 'MLP',
  small: 'Small',
  simple: 'Simple',
  paper: 'Paper',
  'paper-bn': 'Paper-BN',
};

/** Shown beside the title: the model's size on digits, or how it differs. */
export const modelSizes: Readonly<Record<ModelName, string>> = {
  mlp: '4 k parameters',
  small: '23 k parameters',
  simple: '65 k parameters',
  paper: '888 k parameters',
  'paper-bn': 'normalises batches',
};

const presetTitles: Readonly<Record<PresetName, string>> = {
  quick: 'Quick',
  corrected: 'Corrected',
  paper: 'Paper',
};

/** Settings that are chosen from a list: title in the form, name in the URL, and the titles of their values. */
export const choiceFields = {
  dataset: { title: 'Images', query: 'data', titles: datasetTitles },
  model: { title: 'Model', query: 'model', titles: modelTitles },
  preset: { title: 'Recipe', query: 'preset', titles: presetTitles },
} as const satisfies Partial<Record<keyof Settings, object>>;

export type ChoiceName = keyof typeof choiceFields;

/** The value that `text` names; undefined if the field has no such value. */
export function parseChoice<Name extends ChoiceName>(name: Name, text: string): Settings[Name] | undefined {
  return Object.hasOwn(choiceFields[name].titles, text) ? (text as Settings[Name]) : undefined;
}

/** A number setting: title in the form, name in the URL, and limits. */
export interface NumberField {
  readonly title: string;
  readonly query: string;
  readonly least: number;
  readonly most: number;
  /** Whether it need not be an integer. */
  readonly isReal?: boolean;
  /** The word for null, if null is allowed. */
  readonly nothing?: string;
}

export const numberFields = {
  learningRate: { title: 'Learning rate', query: 'rate', least: 1e-7, most: 10, isReal: true },
  batchSize: { title: 'Batch size', query: 'batch', least: 1, most: 4_096 },
  epochs: { title: 'Epochs', query: 'epochs', least: 1, most: 1_000 },
  // Two images of each of ten classes. The user's own images may need more; then `split` throws.
  limit: { title: 'Number of images', query: 'limit', least: 20, most: 10_000_000, nothing: 'all' },
  seed: { title: 'Seed', query: 'seed', least: 0, most: 2 ** 32 - 1 },
} as const satisfies Partial<Record<keyof Settings, NumberField>>;

export type NumberName = keyof typeof numberFields;

/** Such as `an integer from 1 to 4,096`. */
export function expectedOf(name: NumberName): string {
  const { least, most, isReal, nothing }: NumberField = numberFields[name];
  const written = (value: number): string => (Number.isInteger(value) ? grouped(value) : String(value));
  const range = `${isReal ? 'a number' : 'an integer'} from ${written(least)} to ${written(most)}`;
  return nothing === undefined ? range : `${range}, or ${nothing}`;
}

/** The number in a text field; undefined if it is not valid. */
export function parseNumber<Name extends NumberName>(name: Name, text: string): Settings[Name] | undefined {
  const { least, most, isReal, nothing }: NumberField = numberFields[name];
  const trimmed = text.trim();
  if (trimmed !== '' && trimmed === nothing) return null as Settings[Name];
  const value = trimmed === '' ? Number.NaN : Number(trimmed);
  const isAllowed = value >= least && value <= most && (isReal || Number.isInteger(value));
  return isAllowed ? value : undefined;
}

/** The preset's recipe, with the data set and the seed of these settings. */
export function withPreset({ dataset, seed }: Settings, preset: PresetName): Settings {
  return makeRecipe({ preset, dataset, seed });
}

/**
 * The settings with another model. Values that equal the old model's proposal change to the new model's; the user's own
 * values stay. With a preset other than the default, all values stay.
 */
export function withModel(settings: Settings, model: ModelName): Settings {
  if (settings.preset !== defaultSettings.preset) return { ...settings, model };
  const kind = settings.limit === proposals.software[settings.model].limit ? 'software' : 'gpu';
  const before = proposalFor(kind, settings.model);
  const moved = Object.entries(proposalFor(kind, model)).filter(
    ([name]) => settings[name as keyof Proposal] === before[name as keyof Proposal],
  );
  return { ...settings, model, ...Object.fromEntries(moved) };
}
