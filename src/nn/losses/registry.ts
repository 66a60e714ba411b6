/** Losses by name, for `compile`. Each module of a loss registers its own, so a bundle knows the names of those that it holds. */
import type { Loss } from './loss.js';
import { softmaxCrossentropy } from './softmax_crossentropy.js';

/** Every bundle holds the first. */
const made = new Map<string, () => Loss>([['sparseCategoricalCrossentropy', softmaxCrossentropy]]);

/** Registers functions that make a loss with default options, by its name. */
export function registerLosses(losses: Readonly<Record<string, () => Loss>>): void {
  for (const [name, make] of Object.entries(losses)) made.set(name, make);
}

export function lossNames(): readonly string[] {
  return [...made.keys()];
}

/** The loss of a name that `lossNames` lists. */
export function lossOf(name: string): Loss {
  return made.get(name)!();
}
