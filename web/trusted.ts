/**
 * The page's Content Security Policy (require-trusted-types-for 'script') forbids strings as markup and as script URLs. The
 * one exception is the page's own worker. Browsers without Trusted Types use the plain URL.
 */
interface TrustedTypes {
  createPolicy(
    name: string,
    rules: { createScriptURL(address: string): string },
  ): { createScriptURL(address: string): string };
}

/** The URL of the worker's script, in the folder of the page's script. */
export function workerAddress(): string {
  const rules = { createScriptURL: () => new URL('worker.js', import.meta.url).href };
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };
  // The CSP allows this policy name alone, and only once.
  return (trustedTypes?.createPolicy('shadegrad', rules) ?? rules).createScriptURL('');
}
