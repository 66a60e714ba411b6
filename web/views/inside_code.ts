/** Shader source with line numbers, syntax colours and a copy button. */
import type { App } from '../app.js';
import { element } from '../elements.js';
import { tokensOf } from './inside_wgsl.js';

export class CodePanel {
  readonly root = element('figure', { class: 'shader', hidden: true });
  readonly #title = element('h4', { id: 'inside-shader' });
  readonly #about = element('p', { class: 'quiet' });
  readonly #code = element('code');
  readonly #pre = element(
    'pre',
    { tabindex: 0, role: 'region', 'aria-labelledby': 'inside-shader' },
    this.#code,
  );
  #source = '';

  constructor(app: App) {
    const copy = element('button', { type: 'button', class: 'button small' }, 'Copy');
    copy.addEventListener('click', () => {
      // Not awaited: errors are shown.
      void app.attempt('inside', async () => {
        await navigator.clipboard.writeText(this.#source);
        app.say('Copied the shader to the clipboard.');
      });
    });
    const words = element('div', {}, this.#title, this.#about);
    this.root.append(element('figcaption', {}, words, copy), this.#pre);
  }

  show({
    title,
    about,
    source,
  }: {
    readonly title: string;
    readonly about: string;
    readonly source: string;
  }): void {
    this.#title.textContent = title;
    this.#about.textContent = about;
    this.#source = source;
    this.#code.replaceChildren(...source.trimEnd().split('\n').map(lineOf));
    this.#pre.scrollTo(0, 0);
    this.root.hidden = false;
  }

  hide(): void {
    this.root.hidden = true;
  }

  /** Scrolls it into view. */
  reveal(): void {
    const isCalm = matchMedia('(prefers-reduced-motion: reduce)').matches;
    this.root.scrollIntoView({ block: 'start', behavior: isCalm ? 'auto' : 'smooth' });
    this.#pre.focus({ preventScroll: true });
  }
}

/** CSS draws the line number, so that selections do not contain it. */
function lineOf(line: string): HTMLElement {
  const parts = tokensOf(line).map(({ kind, text }) =>
    kind === 'plain' ? text : element('span', { class: kind }, text),
  );
  return element('span', { class: 'line' }, ...parts, '\n');
}
