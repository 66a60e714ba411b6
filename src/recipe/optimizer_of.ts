/** Makes the optimizer of a run from its recipe. Separate from parts.ts, because the page loads it first. */
import type { ScheduleName } from '../nn/names.js';
import { optimizerFromConfig } from '../nn/optimizers/from_config.js';
import type { Optimizer } from '../nn/optimizers/optimizer.js';
import { type LearningRate, cosineDecay, oneCycle, stepDecay } from '../nn/schedules.js';
import type { Recipe } from './recipe.js';

const schedules: Readonly<Record<ScheduleName, (rate: number) => LearningRate>> = {
  constant: (rate) => rate,
  cosine: (rate) => cosineDecay({ peak: rate, warmup: 0.1 }),
  'one-cycle': (rate) => oneCycle({ peak: rate }),
  step: (rate) => stepDecay({ rate, factor: 0.1, every: 10 }),
};

export function optimizerOf({
  optimizer,
  schedule,
  learningRate,
}: Pick<Recipe, 'optimizer' | 'schedule' | 'learningRate'>): Optimizer {
  return optimizerFromConfig(optimizer, schedules[schedule](learningRate));
}
