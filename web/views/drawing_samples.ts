/** Test images to pick: by class, with a button for more, by arrow keys or touch. */
import type { App } from '../app.js';
import { element } from '../elements.js';
import { Latest } from '../latest.js';
import type { Images } from '../protocol.js';
import { nextPlace } from './drawing_grid.js';
import { paintPixels } from './drawing_ink.js';
import type { Picked } from './drawing_pad.js';

const shown = 24;

export class Samples {
  readonly #class = element('select');
  readonly #others = element('button', { type: 'button', class: 'button small' }, 'Show more');
  readonly #grid = element('div', { class: 'samples', role: 'listbox', 'aria-label': 'Test images' });
  readonly element = element(
    'div',
    { class: 'stack', id: 'draw-samples', hidden: true },
    element(
      'div',
      { class: 'row which' },
      element('label', { class: 'field' }, element('span', {}, 'Class'), this.#class),
      this.#others,
    ),
    this.#grid,
  );
  readonly #fetching = new Latest<boolean>((hasFocus) =>
    this.#app.attempt('samples', () => this.#fetch(hasFocus)),
  );
  readonly #app: App;
  #names: readonly string[] = [];
  #images: Images | undefined;
  #seed = 1;

  constructor(
    app: App,
    private readonly pick: (picked: Picked) => void,
  ) {
    this.#app = app;
    this.#class.addEventListener('change', () => this.#fetching.ask(false));
    this.#others.addEventListener('click', () => {
      this.#seed++;
      this.#fetching.ask(false);
    });
    this.#grid.addEventListener('keydown', (event) => this.#press(event));
    this.#grid.addEventListener('click', ({ target }) => {
      const place = this.#options.indexOf(
        (target as Element).closest<HTMLElement>('[role="option"]') as HTMLElement,
      );
      if (place >= 0) this.#choose(place);
    });
  }

  /** Sets the classes to choose from. */
  set names(names: readonly string[]) {
    if (names.join('\n') === this.#names.join('\n')) return;
    this.#names = names;
    this.#class.replaceChildren(
      element('option', { value: '' }, 'All'),
      ...names.map((name, label) => element('option', { value: label }, name)),
    );
    this.#images = undefined;
    if (!this.element.hidden) this.#fetching.ask(false);
  }

  /** Opens or closes the grid; opening focuses its first image. */
  toggle(isOpen: boolean): void {
    this.element.hidden = !isOpen;
    if (!isOpen) return;
    if (this.#images) this.#options.find((option) => option.tabIndex === 0)?.focus();
    else this.#fetching.ask(true);
  }

  /** Puts a random one on the pad. */
  async another(): Promise<void> {
    this.#seed++;
    await this.#fetch(false);
    this.#choose(0);
  }

  get #options(): HTMLElement[] {
    return [...this.#grid.children] as HTMLElement[];
  }

  async #fetch(hasFocus: boolean): Promise<void> {
    const label = this.#class.value === '' ? null : Number(this.#class.value);
    this.#grid.setAttribute('aria-busy', 'true');
    try {
      const images = await this.#app.worker.data.samples({
        part: 'test',
        count: shown,
        label,
        seed: this.#seed,
      });
      this.#images = images;
      this.#grid.replaceChildren(...Array.from({ length: images.count }, (_, i) => this.#option(images, i)));
      if (hasFocus) this.#options[0]?.focus();
    } finally {
      this.#grid.removeAttribute('aria-busy');
    }
  }

  #option(images: Images, place: number): HTMLElement {
    const canvas = element('canvas', { class: 'pixels', 'aria-hidden': 'true' });
    paintPixels(canvas, pictureAt(images, place));
    const label = images.labels?.[place];
    const name = label === undefined ? `Image ${place + 1}` : (this.#names[label] ?? String(label));
    return element(
      'div',
      {
        role: 'option',
        class: 'sample',
        tabindex: place === 0 ? 0 : -1,
        'aria-selected': 'false',
        'aria-label': name,
      },
      canvas,
    );
  }

  #press(event: KeyboardEvent): void {
    const options = this.#options;
    const from = options.indexOf(document.activeElement as HTMLElement);
    if (from < 0) return;
    const first = options[0]!.offsetTop;
    const columns = options.filter(({ offsetTop }) => offsetTop === first).length;
    const isChoice = event.key === 'Enter' || event.key === ' ';
    const to = isChoice ? from : nextPlace(event.key, from, options.length, columns);
    if (to === undefined) return;
    event.preventDefault();
    this.#choose(to);
  }

  #choose(place: number): void {
    const images = this.#images;
    if (!images || place >= images.count) return;
    const hadFocus = this.#grid.contains(document.activeElement);
    this.#options.forEach((option, i) => {
      option.tabIndex = i === place ? 0 : -1;
      option.setAttribute('aria-selected', String(i === place));
      if (i === place && hadFocus) option.focus();
    });
    const label = images.labels?.[place];
    this.pick({ ...pictureAt(images, place), label: label ?? null, source: 'test' });
  }
}

function pictureAt({ pixels, height, width, channels }: Images, place: number) {
  const size = height * width * channels;
  return { pixels: pixels.slice(place * size, (place + 1) * size), height, width, channels };
}
