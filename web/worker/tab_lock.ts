/** A Web Lock that only one of the page's tabs holds. Only that tab may save its session. */

/**
 * Holds the lock until the worker ends or the returned function is called; undefined if another tab still holds it after
 * `timeoutMs`. After a reload, the page's previous worker may hold the lock for a moment longer, hence the timeout.
 */
export async function takeLock(name: string, timeoutMs: number): Promise<(() => void) | undefined> {
  if (!('locks' in navigator)) return undefined;
  const options = timeoutMs === 0 ? { ifAvailable: true } : { signal: AbortSignal.timeout(timeoutMs) };
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
