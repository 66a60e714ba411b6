/** The task of a run: its loss, with the accuracy. */
import * as losses from '../nn/losses/index.js';
import { accuracy } from '../nn/metrics/index.js';
import { type TaskOptions, nameRule } from '../nn/training/task.js';
import { check } from '../options.js';
import { allData } from '../nn/samples/all_data.js';
import { anyData } from '../nn/samples/any_data.js';
import type { Recipe } from '../recipe/recipe.js';

// One-hot targets, weights of classes and repeated images.
anyData.provide(allData);

const usual = 'sparseCategoricalCrossentropy';

/** Throws: UsageError for a loss that does not exist, with the nearest. */
export function checkLoss(who: string, loss: string): void {
  check(who, '--loss', loss, nameRule(Object.keys(losses)));
}

/** The usual loss comes with the accuracy, as others do not. Throws: UsageError, as above. */
export function taskOf({ loss = usual }: Pick<Recipe, 'loss'>): TaskOptions {
  checkLoss('train', loss);
  return loss === usual
    ? { loss: usual }
    : { loss: losses[loss as keyof typeof losses](), metrics: [accuracy()] };
}
