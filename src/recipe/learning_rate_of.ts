/** The learning rate of a run, made from its recipe. It needs no optimizer, so the page can show it before it loads any. */
import type { ScheduleName } from '../nn/names.js';
import { type LearningRate, cosineDecay, oneCycle, stepDecay } from '../nn/training/schedules.js';
import type { Recipe } from './recipe.js';

const schedules: Readonly<Record<ScheduleName, (rate: number) => LearningRate>> = {
  constant: (rate) => rate,
  cosine: (rate) => cosineDecay({ peak: rate, warmup: 0.1 }),
  'one-cycle': (rate) => oneCycle({ peak: rate }),
  step: (rate) => stepDecay({ rate, factor: 0.1, every: 10 }),
};

export function learningRateOf({
  schedule,
  learningRate,
}: Pick<Recipe, 'schedule' | 'learningRate'>): LearningRate {
  return schedules[schedule](learningRate);
}
