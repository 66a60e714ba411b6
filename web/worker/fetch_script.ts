/** Fetches a script of the worker that only some visits need when it is first needed, so that every visit starts sooner. */
import { FileError } from '../../src/errors.js';
import { assertSameBuild } from './same_build.js';

/**
 * Fetches what `importScript` imports: the build makes a script of every module that is imported so.
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
