/** run.json: what it holds, and the reading of it for commands that go by it. */
import { splitNames } from '../data/splits.js';
import { type Choice, choiceForm } from '../engine/kernel_selection.js';
import { UsageError } from '../errors.js';
import {
  type Form,
  type Refuse,
  boolean,
  checkForm,
  count,
  countOrZero,
  each,
  isoDate,
  nullable,
  number,
  numberOrNull,
  object,
  oneOf,
  optional,
  text,
} from '../json_reader.js';
import { checkAugmentOptions } from '../kernels/augment_options.js';
import { checkFilter } from '../kernels/filter_kernels.js';
import type { KernelChoice } from '../nn/callbacks/callback.js';
import { kernelForm } from '../nn/kernel_change.js';
import { filterForm } from '../nn/preprocessing.js';
import { modelNames, presetNames, scheduleNames } from '../nn/names.js';
import { belowOne, notNegative, positive, seed, within } from '../options.js';
import { type Settings, optimizerNames } from './settings.js';

export const runFormat = 'shadegrad run 2';

/** How one part of the data did. */
export interface PartResult {
  readonly accuracy: number;
  readonly loss: number;
  /** On how many images, where it is not the whole part. */
  readonly images?: number;
}

export interface RunResult {
  readonly bestEpoch: number;
  /** Why that epoch. */
  readonly reason: string;
  readonly train: PartResult;
  readonly validation: PartResult;
  /** Null when the data have no labelled test part. */
  readonly test: PartResult | null;
  readonly seconds: number;
}

/** How the kernels of a run were chosen. */
export interface RunTuning {
  /** `off`: by the table alone. `stored`: by what `npm run tune` had measured, where it had. */
  readonly tuning: 'off' | 'stored';
  /** By key, those of the measured choices that the run went by. */
  readonly choices: Readonly<Record<string, Choice>>;
}

export interface RunFile extends Partial<RunTuning> {
  readonly format: typeof runFormat;
  readonly settings: Settings;
  readonly model: string;
  readonly device: object;
  readonly versions: object;
  /** How many images each part holds; a part that does not exist holds 0. */
  readonly images: Readonly<Record<string, number>>;
  readonly classNames: readonly string[];
  readonly source: string;
  /** The kernel of each primitive, in the order of the step: what the bits of a run depend on. */
  readonly kernels?: readonly KernelChoice[];
  readonly startedAt: string;
  /** Until the last epoch's end, interruptions left out. */
  readonly elapsedSeconds?: number;
  /** There when training has ended. */
  readonly result?: RunResult;
}

/** What of a run tells which images it was trained on. */
export type DataSettings = Pick<
  Settings,
  'dataset' | 'data' | 'transpose' | 'split' | 'folds' | 'fold' | 'validationShare' | 'limit' | 'seed'
>;

/** A run as far as testing its model needs it: any version's, whatever else it lacks. */
export interface TestableRun {
  readonly settings: DataSettings;
  readonly classNames: readonly string[];
}

const dataSettings = {
  dataset: text,
  data: nullable(text),
  transpose: boolean,
  split: oneOf(splitNames),
  folds: nullable(count),
  fold: nullable(count),
  validationShare: nullable(within(0, 1)),
  limit: nullable(count),
  seed,
} satisfies Form<DataSettings>;

const settings: Form<Settings> = {
  ...dataSettings,
  shape: nullable({ height: count, width: count, channels: oneOf([1, 3]) }),
  preset: oneOf(presetNames),
  model: oneOf(modelNames),
  from: nullable(text),
  epochs: count,
  batchSize: count,
  microBatch: optional(nullable(count)),
  memory: optional(nullable(count)),
  learningRate: positive,
  schedule: oneOf(scheduleNames),
  plateaus: nullable({ patience: countOrZero, factor: positive, minLr: notNegative, stopAfter: countOrZero }),
  optimizer: oneOf(optimizerNames),
  momentum: belowOne,
  l2: notNegative,
  standardise: boolean,
  filters: [filterForm],
  // Its own members are checked by `checkAugmentOptions`.
  augmentation: nullable(object),
  variantsPerImage: count,
  tensorBoard: boolean,
};

const testableRun: Form<TestableRun> = { settings: dataSettings, classNames: [text] };

const part: Form<PartResult> = {
  accuracy: numberOrNull,
  loss: numberOrNull,
  images: optional(countOrZero),
};

const run: Form<RunFile> = {
  format: oneOf([runFormat]),
  settings,
  model: text,
  device: object,
  versions: object,
  images: each(countOrZero),
  classNames: [text],
  source: text,
  kernels: optional([kernelForm]),
  startedAt: isoDate,
  elapsedSeconds: optional(notNegative),
  tuning: optional(oneOf(['off', 'stored'])),
  choices: optional(each(choiceForm)),
  result: optional({
    bestEpoch: countOrZero,
    reason: text,
    train: part,
    validation: part,
    test: nullable(part),
    seconds: number,
  }),
};

/** Throws: what `refuse` returns, naming the member that is wrong. */
export function checkTestableRun(value: unknown, refuse: Refuse): TestableRun {
  return checkForm(value, testableRun, refuse);
}

/** As `checkTestableRun`, for a run that is resumed and needs everything. */
export function checkRun(value: unknown, refuse: Refuse): RunFile {
  const found = checkForm(value, run, refuse);
  const { filters, augmentation } = found.settings;
  try {
    for (const { name, kernel, iterations } of filters) checkFilter(`filters.${name}`, kernel, iterations);
    if (augmentation) checkAugmentOptions(augmentation);
  } catch (cause) {
    if (!(cause instanceof UsageError)) throw cause;
    throw refuse(`settings: ${cause.message.replace(/[.?]$/, '')}`, cause);
  }
  return found;
}
