/**
 * The page's sliders and the recipes that they stand for (web/views/data_recipe.ts):
 *   every preset's recipe survives the way to the sliders and back, but for the order of its parts
 *   what does nothing is left out, and nothing at all is null; fill counts only where something moves
 *   what has no slider is kept; limits of the zoom become the wider way
 *   alike are recipes that do the same, however they are written
 */
import { describe, expect, it } from 'vitest';
import { filters } from '../../src/nn/samples/preprocessing.js';
import { presetNames } from '../../src/nn/names.js';
import { presetFor } from '../../src/recipe/presets.js';
import { type ImageRecipe, areAlike, recipeOf, untouched, valuesOf } from '../../web/views/data_recipe.js';

const nothing: ImageRecipe = { augmentation: null, filters: [] };

describe('recipes and sliders', () => {
  it.each(
    presetNames.flatMap((preset) => ['digits', 'fashion', 'custom'].map((set) => [preset, set] as const)),
  )('keep the preset %s of %s', (preset, set) => {
    const recipe = presetFor(preset, set);
    const { fill, ...others } = recipe.augmentation ?? {};
    const found = recipeOf(valuesOf(recipe));
    expect(found.augmentation).toEqual(
      recipe.augmentation === null ? null : fill === 'nearest' ? others : recipe.augmentation,
    );
    expect(found.filters).toEqual(recipe.filters);
    expect(areAlike(found, recipe)).toBe(true);
  });

  it('name only what does something', () => {
    expect(valuesOf(nothing)).toEqual(untouched);
    expect(recipeOf(untouched)).toEqual(nothing);
    expect(recipeOf({ ...untouched, fill: 'wrap' })).toEqual(nothing);
    expect(recipeOf({ ...untouched, fill: 'wrap', rotation: 3, blur: 2, sharpen: 1 })).toEqual({
      augmentation: { rotation: 3, fill: 'wrap' },
      filters: [filters.blur(2), filters.sharpen(1)],
    });
    expect(recipeOf({ ...untouched, erasing: 0.25, verticalFlip: true }).augmentation).toEqual({
      verticalFlip: true,
      erasing: { probability: 0.25 },
    });
  });

  it('keep what has no slider', () => {
    const recipe: ImageRecipe = {
      augmentation: { padAndCrop: 2, erasing: { area: [0.1, 0.2], value: 'noise' }, zoom: [0.9, 1.3] },
      filters: [filters.blur(1), filters.blur(2)],
    };
    const values = valuesOf(recipe);
    expect(values.zoom).toBeCloseTo(0.3, 12);
    expect([values.erasing, values.blur]).toEqual([0.5, 3]);
    expect(recipeOf({ ...values, zoom: 0.1, erasing: 0.75 })).toEqual({
      augmentation: {
        zoom: 0.1,
        padAndCrop: 2,
        erasing: { area: [0.1, 0.2], value: 'noise', probability: 0.75 },
      },
      filters: [filters.blur(3)],
    });
    expect(recipeOf({ ...values, zoom: 0, erasing: 0 }).augmentation).toEqual({ padAndCrop: 2 });
  });

  it('are alike where they do the same', () => {
    const of = (augmentation: ImageRecipe['augmentation']): ImageRecipe => ({ augmentation, filters: [] });
    expect(areAlike(of({ rotation: 3, zoom: 0.1 }), of({ zoom: 0.1, rotation: 3, fill: 'nearest' }))).toBe(
      true,
    );
    expect(areAlike(of({ horizontalFlip: false }), nothing)).toBe(true);
    expect(areAlike(of({ rotation: 3 }), of({ rotation: 4 }))).toBe(false);
    expect(areAlike(nothing, { augmentation: null, filters: [filters.sharpen()] })).toBe(false);
    expect(areAlike(of({ padAndCrop: 1 }), nothing)).toBe(false);
  });
});
