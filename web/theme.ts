/** Before anything is painted: the colours that this visitor chose. A script of its own, since it must not wait. */
try {
  const chosen = localStorage.getItem('shadegrad.theme');
  if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset['theme'] = chosen;
} catch {
  // A browser that keeps nothing for pages: the system's setting stands.
}
