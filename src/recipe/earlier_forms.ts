/** Converts recipes of earlier versions. It does not validate them; `readRecipe` does. */
import { isPresetName } from '../nn/names.js';
import { makeRecipe } from './make_recipe.js';

/** From the `settings` of a `shadegrad run 2`. */
export function recipeOfRun2(settings: unknown): unknown {
  if (!isRecord(settings)) return settings;
  const { folds, fold, validationShare, momentum, ...others } = settings;
  const { split, optimizer } = others;
  return {
    // The first versions had neither option.
    microBatch: null,
    memory: null,
    ...others,
    ...(typeof split === 'string'
      ? { split: { name: split, ...given({ validationShare, folds, fold }) } }
      : {}),
    ...(typeof optimizer === 'string'
      ? { optimizer: { name: optimizer, config: optimizer === 'sgd' ? given({ momentum }) : {} } }
      : {}),
  };
}

/**
 * From the settings in a `shadegrad session 1`, which held the page's form. The preset determined the rest, and the data set
 * `custom` was called `own`.
 */
export function recipeOfSession1(settings: unknown): unknown {
  if (!isRecord(settings)) return settings;
  const { preset, dataset } = settings;
  if (typeof preset !== 'string' || !isPresetName(preset) || typeof dataset !== 'string') return settings;
  const name = dataset === 'own' ? 'custom' : dataset;
  return { ...makeRecipe({ preset, dataset: name }), ...settings, dataset: name };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The members that are neither null nor undefined. */
function given(members: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => (value ?? null) !== null));
}
