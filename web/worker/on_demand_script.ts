/** Loads on_demand.ts when it is first needed, so that the page starts faster. */
import { FileError } from '../../src/errors.js';
import type * as OnDemand from './on_demand.js';
import { assertSameBuild } from './same_build.js';

type Parts = typeof OnDemand;

/**
 * `fetchParts`: for tests.
 *
 * Throws: FileError if the script cannot be fetched, or belongs to another build than this one.
 */
export async function onDemand(
  fetchParts: () => Promise<Parts> = async () => import('./on_demand.js'),
): Promise<Parts> {
  const parts = await fetchParts().catch((cause: unknown) => {
    throw new FileError(
      `a part of this page could not be loaded (${String(cause)}). Check that its server is running, then reload.`,
      { cause, problem: 'network' },
    );
  });
  assertSameBuild(parts.build);
  return parts;
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
