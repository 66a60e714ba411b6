/** Light, dark, or as the system is set: the switch in the bar, and what a canvas needs to follow it. */
import type { Colour } from '../src/report/charts/palette.js';

/** Where theme.ts looks, too. */
const key = 'shadegrad.theme';
const listeners = new Set<() => void>();

/** Calls `listener` whenever the page's colours have changed: a canvas draws again. */
export function onThemeChange(listener: () => void): void {
  listeners.add(listener);
}

/** A colour of the page as it is now, such as `#0068a8`, for a canvas. */
export function colourOf(name: Colour | 'accent' | 'bad'): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** Makes the radio buttons in `root` work: `auto`, `light`, `dark`. */
export function installThemeSwitch(root: HTMLElement): void {
  const { documentElement: page } = document;
  const chosen = page.dataset['theme'] ?? 'auto';
  for (const input of root.querySelectorAll<HTMLInputElement>('input[type="radio"]')) {
    input.checked = input.value === chosen;
    input.addEventListener('change', () => choose(input.value));
  }
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', tell);
}

function choose(theme: string): void {
  const { dataset } = document.documentElement;
  if (theme === 'auto') delete dataset['theme'];
  else dataset['theme'] = theme;
  try {
    if (theme === 'auto') localStorage.removeItem(key);
    else localStorage.setItem(key, theme);
  } catch {
    // A browser that keeps nothing for pages: the choice holds for this visit.
  }
  tell();
}

function tell(): void {
  for (const listener of listeners) listener();
}
