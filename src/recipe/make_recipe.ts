/** Makes a recipe from a preset and the user's choices. */
import { presetFor } from './presets.js';
import type { Recipe } from './recipe.js';

/** A preset for a data set, and overrides. Undefined members keep the preset's values. */
export type RecipeChoice<Dataset extends string = string> = Pick<Recipe<Dataset>, 'dataset' | 'preset'> & {
  readonly [Name in keyof Recipe]?: Recipe<Dataset>[Name] | undefined;
};

/** The preset's recipe for the data set with the user's overrides; not validated, see `readRecipe`. */
export function makeRecipe<Dataset extends string>(choice: RecipeChoice<Dataset>): Recipe<Dataset> {
  const { dataset, preset } = choice;
  const chosen = Object.fromEntries(
    Object.entries(choice).filter(([, value]) => value !== undefined),
  ) as Partial<Recipe<Dataset>>;
  const usual = presetFor(preset, dataset);
  // In the order of run.json and reports.
  const recipe: Recipe<Dataset> = {
    dataset,
    data: null,
    transpose: false,
    shape: null,
    preset,
    model: usual.model,
    from: null,
    split: usual.split,
    limit: usual.limit,
    epochs: usual.epochs,
    batchSize: usual.batchSize,
    microBatch: null,
    memory: null,
    learningRate: usual.learningRate,
    schedule: usual.schedule,
    plateaus: usual.plateaus,
    optimizer: { name: 'rmsprop', config: {} },
    l2: 0,
    standardise: false,
    filters: usual.filters,
    augmentation: usual.augmentation,
    variantsPerImage: 1,
    tensorBoard: usual.tensorBoard,
    seed: 42,
    ...chosen,
  };
  return recipe.schedule === 'constant' ? recipe : { ...recipe, plateaus: null };
}

/**
 * The recipe for another data set: members that equal the preset's value for the old data set take its value for the new
 * one (the preset mirrors clothes but not digits); the others are unchanged.
 */
export function withDataset<Dataset extends string>(
  recipe: Recipe<Dataset>,
  dataset: Dataset,
): Recipe<Dataset> {
  const { preset } = recipe;
  const before: Partial<Recipe> = presetFor(preset, recipe.dataset);
  const moved = Object.entries(presetFor(preset, dataset)).filter(([key]) => {
    const name = key as keyof Recipe;
    return JSON.stringify(recipe[name]) === JSON.stringify(before[name]);
  });
  return makeRecipe({ ...recipe, ...Object.fromEntries(moved), dataset });
}
