/** Fetches a script of the worker when it is first needed: most visits do not need it, and so start sooner. */
import { FileError } from '../../src/errors.js';
import { assertSameBuild } from './same_build.js';

/**
 * Calls `importScript`, a dynamic import. The build makes a separate script of each module imported this way.
 *
 * Throws: FileError when it cannot be fetched, as without a connection, or is of another build than this page.
 */
export async function fetchScript<Script extends { readonly build: string }>(
  importScript: () => Promise<Script>,
): Promise<Script> {
  const script = await importScript().catch((cause: unknown) => {
    throw new FileError(
      `a part of this page could not be loaded (${String(cause)}). Check that its server is running, then reload.`,
      { cause, problem: 'network' },
    );
  });
  assertSameBuild(script.build);
  return script;
}
