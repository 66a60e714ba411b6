/** run.json: what it holds, and the reading of it for commands that go by it. */
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
import { kernelForm } from '../nn/kernel_change.js';
import { notNegative } from '../options.js';
import { recipeOfRun2 } from '../recipe/earlier_forms.js';
import type { DataRecipe, Recipe } from '../recipe/recipe.js';
import { readDataRecipe, readRecipe } from '../recipe/recipe_json.js';

export const runFormat = 'shadegrad run 3';
/** Its `recipe` was called `settings`, in an earlier form. */
const earlierFormat = 'shadegrad run 2';
export const runFormats: readonly string[] = [earlierFormat, runFormat];

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
  readonly recipe: Recipe;
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

/** A run as far as testing its model needs it: any version's, whatever else it lacks. */
export interface TestableRun {
  readonly recipe: DataRecipe;
  readonly classNames: readonly string[];
}

const part: Form<PartResult> = {
  accuracy: numberOrNull,
  loss: numberOrNull,
  images: optional(countOrZero),
};

/** What a run has beside its format and recipe. */
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

/** Throws: what `refuse` returns, naming the member that is wrong. */
export function checkTestableRun(value: unknown, refuse: Refuse): TestableRun {
  const run = inTodaysForm(value);
  readDataRecipe(run['recipe'], recipeRefusal(refuse));
  checkForm<Pick<TestableRun, 'classNames'>>(run, { classNames: [text] }, refuse);
  return run as unknown as TestableRun;
}

/** As `checkTestableRun`, for a run that is resumed and needs everything. */
export function checkRun(value: unknown, refuse: Refuse): RunFile {
  const run = inTodaysForm(value);
  readRecipe(run['recipe'], recipeRefusal(refuse));
  checkForm(run, runForm, refuse);
  return run as unknown as RunFile;
}

function inTodaysForm(value: unknown): Readonly<Record<string, unknown>> {
  const { settings, ...others } = Object(value) as Readonly<Record<string, unknown>>;
  if (others['format'] !== earlierFormat) return others;
  return { ...others, format: runFormat, recipe: recipeOfRun2(settings) };
}

function recipeRefusal(refuse: Refuse): Refuse {
  return (what, cause) => refuse(saidOf('recipe', what), cause);
}
