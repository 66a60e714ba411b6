/** Which parts of a recipe change for small sets, and that what the user chose does not. */
import { expect, it } from 'vitest';
import { makeRecipe } from '../../src/recipe/make_recipe.js';
import { forSmallSet } from '../../src/recipe/small_set.js';

const recipe = makeRecipe({ preset: 'quick', dataset: 'mine' });

it('leaves larger sets alone', () => {
  expect(forSmallSet(recipe, 2000, new Set())).toEqual({ recipe, changes: [] });
});

it('makes small batches, and enough epochs for 800 steps', () => {
  const { recipe: small, changes } = forSmallSet(recipe, 60, new Set());
  // 48 training images, 6 steps per epoch; 2e-3·√(8/64).
  expect(small).toMatchObject({ batchSize: 8, epochs: 134, learningRate: 7.1e-4 });
  expect(small.split).toEqual({ name: 'official', validationShare: 0.2 });
  expect(changes).toEqual([
    'batches of 8',
    '134 epochs',
    'rate 0.00071',
    'augmentation',
    'a fifth of the images for validation',
  ]);
  expect(forSmallSet(recipe, 1000, new Set()).recipe).toMatchObject({
    batchSize: 64,
    epochs: 62,
    learningRate: 2e-3,
  });
  expect(forSmallSet(recipe, 20, new Set()).recipe.epochs).toBe(150);
});

it('keeps what was chosen', () => {
  const chosen = new Set(['batchSize', 'epochs', 'learningRate', 'augmentation', 'split'] as const);
  expect(forSmallSet(recipe, 60, chosen)).toEqual({ recipe, changes: [] });
  // With the batch, the rate stays too.
  expect(forSmallSet(recipe, 60, new Set(['batchSize'])).recipe).toMatchObject({
    batchSize: 64,
    learningRate: 2e-3,
  });
});
