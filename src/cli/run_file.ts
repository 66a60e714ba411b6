/** The contents of run.json, and their validation. */
import { type Choice, choiceForm } from '../engine/kernel_selection.js';
import {
  type Form,
  type Refuse,
  checkForm,
  countOrZero,
  each,
  isoDate,
  nullable,
  number,
  numberOrNull,
  object,
  oneOf,
  optional,
  saidOf,
  text,
} from '../json_reader.js';
import type { KernelChoice } from '../nn/callbacks/callback.js';
import { kernelForm } from '../nn/training/kernel_change.js';
import { notNegative } from '../options.js';
import { recipeOfRun2 } from '../recipe/earlier_forms.js';
import type { DataRecipe, Recipe } from '../recipe/recipe.js';
import { readDataRecipe, readRecipe } from '../recipe/recipe_json.js';

export const runFormat = 'shadegrad run 3';
/** Its `recipe` was called `settings`, in an earlier form. */
const earlierFormat = 'shadegrad run 2';
export const runFormats: readonly string[] = [earlierFormat, runFormat];

/** The scores on one part of the data. */
export interface PartResult {
  readonly accuracy: number;
  readonly loss: number;
  /** The number of images, if it is not the whole part. */
  readonly images?: number;
}

export interface RunResult {
  readonly bestEpoch: number;
  /** Why this epoch is the best. */
  readonly reason: string;
  readonly train: PartResult;
  readonly validation: PartResult;
  /** Null if the data set has no labelled test part. */
  readonly test: PartResult | null;
  readonly seconds: number;
}

/** How the kernels of a run were selected. */
export interface RunTuning {
  /** `off`: the default kernels. `stored`: those that `npm run tune` found, if any. */
  readonly tuning: 'off' | 'stored';
  /** The measured choices that the run used, by key. */
  readonly choices: Readonly<Record<string, Choice>>;
}

export interface RunFile extends Partial<RunTuning> {
  readonly format: typeof runFormat;
  readonly recipe: Recipe;
  readonly model: string;
  readonly device: object;
  readonly versions: object;
  /** The number of images of each part; 0 if there is no such part. */
  readonly images: Readonly<Record<string, number>>;
  readonly classNames: readonly string[];
  readonly source: string;
  /** The kernel of each primitive, in the order of the step: the results of a run depend on them bit for bit. */
  readonly kernels?: readonly KernelChoice[];
  readonly startedAt: string;
  /** Up to the end of the last epoch, without interruptions. */
  readonly elapsedSeconds?: number;
  /** Set once training has finished. */
  readonly result?: RunResult;
}

/** The part of a run that testing its model needs; other members may be missing or from another version. */
export interface TestableRun {
  readonly recipe: DataRecipe;
  readonly classNames: readonly string[];
}

const part: Form<PartResult> = {
  accuracy: numberOrNull,
  loss: numberOrNull,
  images: optional(countOrZero),
};

/** The members besides format and recipe. */
const runForm: Form<Omit<RunFile, 'format' | 'recipe'>> = {
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

/** Throws: the error that `refuse` returns, which names the wrong member. */
export function checkTestableRun(value: unknown, refuse: Refuse): TestableRun {
  const run = inCurrentForm(value);
  readDataRecipe(run['recipe'], recipeRefusal(refuse));
  checkForm<Pick<TestableRun, 'classNames'>>(run, { classNames: [text] }, refuse);
  return run as unknown as TestableRun;
}

/** Like `checkTestableRun`, for resuming a run, which needs all members. */
export function checkRun(value: unknown, refuse: Refuse): RunFile {
  const run = inCurrentForm(value);
  readRecipe(run['recipe'], recipeRefusal(refuse));
  checkForm(run, runForm, refuse);
  return run as unknown as RunFile;
}

function inCurrentForm(value: unknown): Readonly<Record<string, unknown>> {
  const { settings, ...others } = Object(value) as Readonly<Record<string, unknown>>;
  if (others['format'] !== earlierFormat) return others;
  return { ...others, format: runFormat, recipe: recipeOfRun2(settings) };
}

function recipeRefusal(refuse: Refuse): Refuse {
  return (what, cause) => refuse(saidOf('recipe', what), cause);
}
