/** Checks that files loaded later belong to the same build as this script. */
import { FileError } from '../../src/errors.js';

/** scripts/build_page.mjs replaces it with a hash, the same in all scripts and shader files of one build. */
const build = '%build%';

/** False if the sources run unbuilt, as in tests. */
export const isBuilt = !build.startsWith('%');

/** Throws: FileError if `other` is not the build of this script. */
export function assertSameBuild(other: string): void {
  if (other !== build)
    throw new FileError('the page was updated on its server after it was loaded; reload it.', {
      problem: 'network',
    });
}
