/** Which build this script is of: what is fetched later may be of another. */
import { FileError } from '../../src/errors.js';

/** scripts/build_page.mjs replaces it with a hash, the same in all scripts and shader files of one build. */
const build = '%build%';

/** False when the sources run as they are, as in tests. */
export const isBuilt = !build.startsWith('%');

/**
 * What was fetched later belongs to this script only when one build made both.
 *
 * Throws: FileError when another did.
 */
export function assertSameBuild(other: string): void {
  if (other !== build)
    throw new FileError('this page has been renewed on its server since it was loaded: reload it.', {
      problem: 'network',
    });
}
