/** Loads on_demand.ts when it is first needed, so that the page starts faster. */
import { fetchScript } from './fetch_script.js';
import type * as OnDemand from './on_demand.js';

type Parts = typeof OnDemand;

/** Kept, because import() takes a while even for a loaded script: a model on a lost device must be replaced at once. */
let loaded: Parts | undefined;

/** `importParts`: for tests. Throws: as `fetchScript`. */
export async function onDemand(importParts?: () => Promise<Parts>): Promise<Parts> {
  if (importParts) return fetchScript(importParts);
  return (loaded ??= await fetchScript(async () => import('./on_demand.js')));
}

/**
 * A part of the worker whose script is loaded when one of its methods is first called. `names` lists all methods.
 *
 * Throws (its methods): as `onDemand`.
 */
export function partOnDemand<Part extends Record<keyof Part, (...given: never[]) => Promise<unknown>>>(
  names: readonly (keyof Part)[],
  make: (parts: Parts) => Part,
): Part {
  let made: Part | undefined;
  const methods = names.map((name) => [
    name,
    async (...given: never[]) => {
      const parts = await onDemand();
      made ??= make(parts);
      return made[name](...given);
    },
  ]);
  return Object.fromEntries(methods) as Part;
}
