/** Sample images of a part of the data, of all classes or one, with a button for more. */
import type { App } from '../app.js';
import { element } from '../elements.js';
import type { DataInfo, Part, Settings } from '../protocol.js';
import { ImageGrid, pictureOf } from './image_grid.js';

const sampleCount = 40;
const all = 'all';

export class Samples {
  readonly element: HTMLElement;
  readonly #grid = new ImageGrid({ label: 'Samples', size: 56 });
  readonly #classes = element('select');
  readonly #parts = element('select');
  #dataset: Settings['dataset'] = 'digits';
  #names: readonly string[] = [];
  #seed = 1;
  /** Number of requests, which seeds the choice. */
  #asked = 0;

  constructor(
    private readonly app: App,
    /** Receives the chosen class; null for all. */
    private readonly onLabel: (label: number | null) => void,
  ) {
    const others = element('button', { type: 'button', class: 'button' }, 'Show more');
    others.addEventListener('click', () => {
      this.#seed++;
      this.#refresh();
    });
    for (const select of [this.#classes, this.#parts])
      select.addEventListener('change', () => this.#refresh());
    this.element = element(
      'div',
      { class: 'stack' },
      element('h3', {}, 'Samples'),
      element(
        'div',
        { class: 'row samples-controls' },
        element('label', { class: 'field' }, element('span', {}, 'Class'), this.#classes),
        element('label', { class: 'field' }, element('span', {}, 'Part'), this.#parts),
        others,
      ),
      this.#grid.element,
    );
  }

  async showDataset(dataset: Settings['dataset'], { classNames, testCounts }: DataInfo): Promise<void> {
    this.#dataset = dataset;
    this.#names = classNames;
    this.#classes.replaceChildren(
      element('option', { value: all }, 'all'),
      ...classNames.map((name, label) => element('option', { value: label }, name)),
    );
    const parts: [Part, string][] = [['train', 'training']];
    if (testCounts) parts.push(['test', 'test']);
    this.#parts.replaceChildren(...parts.map(([value, title]) => element('option', { value }, title)));
    await this.#fetch();
  }

  /** Shows samples of one class. */
  showLabel(label: number | null): void {
    this.#classes.value = label === null ? all : String(label);
    this.#refresh();
  }

  #refresh(): void {
    void this.app.attempt('samples', () => this.#fetch());
  }

  async #fetch(): Promise<void> {
    const label = this.#classes.value === all ? null : Number(this.#classes.value);
    this.onLabel(label);
    const part = this.#parts.value as Part;
    const [dataset, seed] = [this.#dataset, this.#seed];
    const asking = ++this.#asked;
    const images = await this.app.worker.data.samples({ dataset, part, count: sampleCount, label, seed });
    // A newer request supersedes this one.
    if (asking !== this.#asked) return;
    this.#grid.show(
      images.indices.map((index, i) => {
        const name = this.#names[images.labels?.[i] ?? label ?? -1];
        return {
          ...pictureOf(images, i),
          description: `Image ${index + 1}${name === undefined ? '' : `: ${name}`}`,
          ...(name === undefined ? {} : { caption: [name] }),
        };
      }),
    );
  }
}
