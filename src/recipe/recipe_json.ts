/** Validates recipes and reads them from JSON: every member must be present and valid. */
import { checkAugmentOptions } from '../augment_options.js';
import { colourRule, pictureFits, polarities } from '../picture_preparation.js';
import { splitNames } from '../data/split_names.js';
import { UsageError } from '../errors.js';
import {
  type Form,
  type Leaf,
  type Refuse,
  boolean,
  checkForm,
  count,
  countOrZero,
  nullable,
  object,
  oneOf,
  optional,
  text,
} from '../json_reader.js';
import { checkFilter } from '../kernels/filter_kernels.js';
import { modelNames, presetNames, scheduleNames } from '../nn/names.js';
import { checkOptimizer } from '../nn/optimizers/from_config.js';
import { filterForm } from '../nn/samples/preprocessing.js';
import { finite, list, notNegative, positive, rule, seed, within } from '../options.js';
import type { DataRecipe, Recipe } from './recipe.js';

const isTrue: Leaf<true> = rule('true', (value) => value === true);
const colour: Leaf<string> = colourRule();
const range: Leaf<readonly [number, number]> = list('two numbers', finite, 2);

const dataForm = {
  dataset: text,
  data: nullable(text),
  transpose: boolean,
  labelColumn: optional(text),
  pixelRange: optional(range),
  pictures: optional({
    fit: optional(oneOf(pictureFits)),
    polarity: optional(oneOf(polarities)),
    background: optional(colour),
  }),
  size: optional({ height: count, width: count }),
  skipBad: optional(isTrue),
  split: {
    name: oneOf(splitNames),
    validationShare: optional(within(0, 1)),
    folds: optional(count),
    fold: optional(count),
  },
  limit: nullable(count),
  seed,
} satisfies Form<DataRecipe>;

const classWeights: Leaf<NonNullable<Recipe['classWeights']>> = rule(
  "'balanced' or an object with a number of 0 or more for each class",
  (value) =>
    value === 'balanced' ||
    (typeof value === 'object' &&
      value !== null &&
      Object.entries(value).every(
        ([label, weight]) => /^\d+$/.test(label) && weight >= 0 && weight < Infinity,
      )),
);

const recipeForm: Form<Recipe> = {
  ...dataForm,
  shape: nullable({ height: count, width: count, channels: oneOf([1, 3]) }),
  preset: oneOf(presetNames),
  model: oneOf(modelNames),
  from: nullable(text),
  l2: notNegative,
  standardise: boolean,
  filters: [filterForm],
  epochs: count,
  batchSize: count,
  microBatch: nullable(count),
  memory: nullable(count),
  // `readRecipe` validates its config, and `augmentation`.
  optimizer: { name: text, config: object as Leaf<Recipe['optimizer']['config']> },
  learningRate: positive,
  schedule: oneOf(scheduleNames),
  mixup: optional(positive),
  cutmix: optional(positive),
  loss: optional(text),
  classWeights: optional(classWeights),
  oversample: optional(isTrue),
  freeze: optional([text]),
  plateaus: nullable({ patience: countOrZero, factor: positive, minLr: notNegative, stopAfter: countOrZero }),
  augmentation: nullable(object),
  variantsPerImage: count,
  tensorBoard: boolean,
};

/** Throws: the result of `refuse` with the name of the invalid member. */
export function readRecipe(value: unknown, refuse: Refuse): Recipe {
  const recipe = checkForm(value, recipeForm, refuse);
  const { filters, augmentation, variantsPerImage, optimizer, schedule, plateaus, freeze, from } = recipe;
  if (variantsPerImage > 1 && augmentation === null)
    throw refuse(
      `variantsPerImage is ${variantsPerImage}, expected 1: nothing is augmented, so all variants would be the same`,
    );
  if (freeze && from === null)
    throw refuse('freeze names layers that keep the weights of a saved model, but from is null');
  if (schedule !== 'constant' && plateaus !== null)
    throw refuse(`plateaus are for a constant rate, but the schedule is '${schedule}'`);
  try {
    for (const { name, kernel, iterations } of filters) checkFilter(`filters.${name}`, kernel, iterations);
    if (augmentation) checkAugmentOptions(augmentation);
    checkOptimizer(optimizer);
  } catch (cause) {
    if (!(cause instanceof UsageError)) throw cause;
    throw refuse(cause.message.replace(/[.?]$/, ''), cause);
  }
  return recipe;
}

/** Reads the part that identifies the images that a run was trained on. Throws: like `readRecipe`. */
export function readDataRecipe(value: unknown, refuse: Refuse): DataRecipe {
  return checkForm<DataRecipe>(value, dataForm, refuse);
}
