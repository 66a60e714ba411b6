/**
 * The Content Security Policy of the page, which allows only its own files. The server sends it as a header; the page also
 * contains it as a `<meta>`, for hosts that send no header.
 */

/** Scripts, workers and data come from the page's origin only; no inline scripts or styles, no `eval`. */
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
  // Strings cannot become markup; the worker's URL passes through the page's only policy (web/trusted.ts).
  'require-trusted-types-for': "'script'",
  'trusted-types': 'shadegrad',
} as const;

/** For the `<meta>` in the page. */
export const pagePolicy = Object.entries(directives)
  .map(([name, value]) => `${name} ${value}`)
  .join('; ');

/** For the header, with the directive that a `<meta>` cannot have. */
export const headerPolicy = `${pagePolicy}; frame-ancestors 'none'`;
