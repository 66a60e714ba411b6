/** Fetches what only some visits need when it is first asked for, so that all begin sooner. */
import { FileError } from '../../src/errors.js';
import type * as OnDemand from './on_demand.js';

/** Throws: FileError when it cannot be fetched, as without a connection. */
export async function onDemand(): Promise<typeof OnDemand> {
  try {
    return await import('./on_demand.js');
  } catch (cause) {
    throw new FileError(
      `a part of this page cannot be fetched (${String(cause)}). Is its server still there? Then load the page again.`,
      { cause, problem: 'network' },
    );
  }
}
