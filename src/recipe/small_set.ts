/** Changes of a preset for small sets, with which it would make too few steps to learn anything. */
import type { Recipe } from './recipe.js';

/** Sets with fewer images are small. */
const fewImages = 2000;
/** Steps that a training from new weights needs before the networks of the presets tell simple classes apart. */
const leastSteps = 800;
const mostEpochs = 150;
const smallestBatch = 8;

type Changed = 'batchSize' | 'epochs' | 'learningRate' | 'augmentation' | 'split';

export interface SmallSetRecipe {
  readonly recipe: Recipe;
  /** What was changed, as `batches of 8`; empty for larger sets. */
  readonly changes: readonly string[];
}

/**
 * The recipe for a set of `count` labelled images without a part of its own for validation; what `chosen` names stays as it is.
 *
 *   batch     a power of two near count/20, at least 8: some twenty steps per epoch
 *   epochs    as many as 800 steps take, at most 150
 *   rate      times √(batch / the preset's batch), as its noise grows when batches become smaller
 *   images    augmented, and a fifth of them for validation
 */
export function forSmallSet(recipe: Recipe, count: number, chosen: ReadonlySet<Changed>): SmallSetRecipe {
  if (count >= fewImages) return { recipe, changes: [] };
  const changes: string[] = [];
  const changed: { -readonly [Name in Changed]?: Recipe[Name] } = {};
  const free = (name: Changed): boolean => !chosen.has(name);

  const wanted = Math.max(smallestBatch, 2 ** Math.round(Math.log2(count / 20)));
  if (free('batchSize') && wanted < recipe.batchSize) {
    changed.batchSize = wanted;
    changes.push(`batches of ${wanted}`);
  }
  const batchSize = changed.batchSize ?? recipe.batchSize;
  const epochs = Math.min(mostEpochs, Math.ceil(leastSteps / Math.ceil((0.8 * count) / batchSize)));
  if (free('epochs') && epochs > recipe.epochs) {
    changed.epochs = epochs;
    changes.push(`${epochs} epochs`);
  }
  if (free('learningRate') && batchSize < recipe.batchSize) {
    const rate = Number((recipe.learningRate * Math.sqrt(batchSize / recipe.batchSize)).toPrecision(2));
    changed.learningRate = rate;
    changes.push(`rate ${rate}`);
  }
  if (free('augmentation') && recipe.augmentation === null) {
    changed.augmentation = { rotation: 10, widthShift: 0.1, heightShift: 0.1, zoom: 0.1 };
    changes.push('augmentation');
  }
  const { split } = recipe;
  if (free('split') && split.name === 'official' && (split.validationShare ?? 0) < 0.2) {
    changed.split = { ...split, validationShare: 0.2 };
    changes.push('a fifth of the images for validation');
  }
  return { recipe: { ...recipe, ...changed }, changes };
}
