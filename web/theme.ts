/** Applies the visitor's theme before the first paint. It is a separate, blocking script, so that the page does not flash. */
try {
  const chosen = localStorage.getItem('shadegrad.theme');
  if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset['theme'] = chosen;
} catch {
  // The browser blocks localStorage: the system's theme applies.
}
