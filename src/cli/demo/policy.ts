/**
 * What the page may do: nothing but with its own files. The server sends it as a header; the page carries it in itself,
 * too, for hosts that send none.
 */

/** By directive. Scripts, workers and data come from the page's own origin alone; nothing inline, nothing evaluated. */
const directives = {
  'default-src': "'none'",
  'script-src': "'self'",
  'worker-src': "'self'",
  'style-src': "'self'",
  'img-src': "'self' blob: data:",
  'connect-src': "'self'",
  'manifest-src': "'self'",
  'base-uri': "'none'",
  'form-action': "'none'",
  // No string becomes markup; the worker's address passes through the page's one policy (web/trusted.ts).
  'require-trusted-types-for': "'script'",
  'trusted-types': 'shadegrad',
} as const;

/** For the `<meta>` in the page. */
export const pagePolicy = Object.entries(directives)
  .map(([name, value]) => `${name} ${value}`)
  .join('; ');

/** For the header: what a `<meta>` cannot say, too. */
export const headerPolicy = `${pagePolicy}; frame-ancestors 'none'`;
