/** Puts the drawings of src/report on the page, without the inline style that the page's policy forbids. */
import type { Drawing } from '../src/report/charts/svg.js';
import { trustedMarkup } from './trusted.js';

/** Puts a drawing in place of what `root` holds; its colours follow the page's. */
export function showDrawing(root: Element, { width, height, description, body }: Drawing): void {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const attributes = {
    class: 'chart',
    viewBox: `0 0 ${width} ${height}`,
    width: String(width),
    height: String(height),
    role: 'img',
    'aria-label': description,
  };
  for (const [name, value] of Object.entries(attributes)) svg.setAttribute(name, value);
  // On a narrow screen it shrinks to three quarters, where its letters can still be read, and then scrolls.
  svg.style.setProperty('--least', `${Math.round(width * 0.75)}px`);
  svg.innerHTML = trustedMarkup(body);
  root.replaceChildren(svg);
}
