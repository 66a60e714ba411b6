/** Fetches what only some visits need when it is first asked for, so that all begin sooner. */
import { FileError } from '../../src/errors.js';
import type * as OnDemand from './on_demand.js';
import { assertSameBuild } from './same_build.js';

type Parts = typeof OnDemand;

/**
 * `fetchParts` can be stood in for; tests do.
 *
 * Throws: FileError when it cannot be fetched, as without a connection, or is not of the build that this page is of.
 */
export async function onDemand(
  fetchParts: () => Promise<Parts> = async () => import('./on_demand.js'),
): Promise<Parts> {
  const parts = await fetchParts().catch((cause: unknown) => {
    throw new FileError(
      `a part of this page cannot be fetched (${String(cause)}). Is its server still there? Then load the page again.`,
      { cause, problem: 'network' },
    );
  });
  assertSameBuild(parts.build);
  return parts;
}

/**
 * A part of the worker whose script is fetched when one of its methods is first called. `names` are all of them.
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
