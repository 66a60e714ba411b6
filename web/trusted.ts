/**
 * The page's policy (require-trusted-types-for 'script') lets no string become markup or the address of a script. The
 * one exception is our own worker; browsers without Trusted Types take the plain address.
 */
interface TrustedTypes {
  createPolicy(
    name: string,
    rules: { createScriptURL(address: string): string },
  ): { createScriptURL(address: string): string };
}

/** The worker's script, beside the page's. */
export function workerAddress(): string {
  const rules = { createScriptURL: () => new URL('worker.js', import.meta.url).href };
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };
  // The one name that the policy allows, and once only.
  return (trustedTypes?.createPolicy('shadegrad', rules) ?? rules).createScriptURL('');
}
