/** Makes the optimizer of a run from its recipe. */
import { optimizerFromConfig } from '../nn/optimizers/from_config.js';
import type { Optimizer } from '../nn/optimizers/optimizer.js';
import { learningRateOf } from './learning_rate_of.js';
import type { Recipe } from './recipe.js';

export function optimizerOf(recipe: Pick<Recipe, 'optimizer' | 'schedule' | 'learningRate'>): Optimizer {
  return optimizerFromConfig(recipe.optimizer, learningRateOf(recipe));
}
