/** One tab among those that show the page, chosen by a Web Lock: only it may write what is kept between visits. */

/**
 * Takes the lock for as long as the worker lives, or until the returned function is called; undefined when another tab
 * still has it after `patienceMs`. A page that is reloaded meets its own predecessor, which the browser ends a moment
 * later, so a little patience tells it from another tab.
 */
export async function takeLock(name: string, patienceMs: number): Promise<(() => void) | undefined> {
  if (!('locks' in navigator)) return undefined;
  const options = patienceMs === 0 ? { ifAvailable: true } : { signal: AbortSignal.timeout(patienceMs) };
  return new Promise((resolve, reject) => {
    navigator.locks
      .request(name, options, async (lock) => {
        if (!lock) return resolve(undefined);
        await new Promise<void>((release) => resolve(release));
      })
      .catch((error: unknown) => {
        if (error instanceof DOMException && ['TimeoutError', 'AbortError'].includes(error.name))
          resolve(undefined);
        else reject(error instanceof Error ? error : new Error(String(error)));
      });
  });
}
