/** The theme switch in the bar: light, dark, or the system's theme; and theme changes for canvases. */
import type { Colour } from '../src/report/charts/palette.js';

/** theme.ts reads the same key. */
const key = 'shadegrad.theme';
const listeners = new Set<() => void>();

/** Calls `listener` after each change of the page's colours, so that a canvas can redraw. */
export function onThemeChange(listener: () => void): void {
  listeners.add(listener);
}

/** The current value of one of the page's colours, such as `#0068a8`, for a canvas. */
export function colourOf(name: Colour | 'accent' | 'bad'): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** Connects the radio buttons in `root`, whose values are `auto`, `light` and `dark`. */
export function installThemeSwitch(root: HTMLElement): void {
  const { documentElement: page } = document;
  const chosen = page.dataset['theme'] ?? 'auto';
  for (const input of root.querySelectorAll<HTMLInputElement>('input[type="radio"]')) {
    input.checked = input.value === chosen;
    input.addEventListener('change', () => choose(input.value));
  }
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', notify);
}

function choose(theme: string): void {
  const { dataset } = document.documentElement;
  if (theme === 'auto') delete dataset['theme'];
  else dataset['theme'] = theme;
  try {
    if (theme === 'auto') localStorage.removeItem(key);
    else localStorage.setItem(key, theme);
  } catch {
    // The browser blocks localStorage: the choice applies to this visit.
  }
  notify();
}

function notify(): void {
  for (const listener of listeners) listener();
}
