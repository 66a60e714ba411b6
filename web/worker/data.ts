/** The data set: counts, samples, and previews of what training makes of them. */
import type { DataApi } from '../protocol.js';
import type { Context } from './context.js';

export function dataOf(_context: Context): DataApi {
  const missing = (): never => {
    throw new Error('not there yet');
  };
  return {
    describe: missing,
    open: missing,
    samples: missing,
    preview: missing,
  };
}
