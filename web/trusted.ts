/**
 * What the page's policy (require-trusted-types-for 'script') would otherwise refuse: markup that our own charts made,
 * whose every word is escaped, and the address of our own worker. Browsers without Trusted Types take the plain strings.
 */
interface Policy {
  createHTML(markup: string): string;
  createScriptURL(address: string): string;
}

interface TrustedTypes {
  createPolicy(name: string, rules: Policy): Policy;
}

const asItIs: Policy = { createHTML: (markup) => markup, createScriptURL: (address) => address };

const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };
/** The one policy of this name that the page's header allows. */
const policy = trustedTypes?.createPolicy('shadegrad', asItIs) ?? asItIs;

export function trustedMarkup(markup: string): string {
  return policy.createHTML(markup);
}

export function trustedAddress(address: string): string {
  return policy.createScriptURL(address);
}
