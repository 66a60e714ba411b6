/** A few training images with some augmented variants each, recomputed whenever the recipe changes. */
import type { App } from '../app.js';
import { element } from '../elements.js';
import { textOf } from '../error_text.js';
import { Latest } from '../latest.js';
import type { Images, Settings } from '../protocol.js';
import type { ImageRecipe } from './data_recipe.js';
import { paint, pictureOf } from './image_grid.js';

/** Computes sixteen variants while a slider moves; more would lag on a slow device. */
const imageCount = 4;
const variants = 4;

type Samples = Images & { readonly dataset: Settings['dataset']; readonly indices: readonly number[] };

export class Previews {
  readonly element: HTMLElement;
  readonly #problem = element('p', { class: 'quiet', role: 'status' });
  readonly #table = element('div', { class: 'previews' });
  readonly #latest = new Latest<null>(async () => this.#compute());
  #dataset: Settings['dataset'] = 'digits';
  #samples: Samples | undefined;
  #classNames: readonly string[] = [];
  #recipe: ImageRecipe = { augmentation: null, filters: [] };
  #sampleSeed = 1;
  #drawSeed = 1;
  /** Per image: the original, then its variants. */
  #canvases: HTMLCanvasElement[][] = [];

  constructor(private readonly app: App) {
    const button = (title: string, act: () => void): HTMLButtonElement => {
      const made = element('button', { type: 'button', class: 'button small' }, title);
      made.addEventListener('click', act);
      return made;
    };
    this.element = element(
      'div',
      { class: 'stack previews-room' },
      element('h3', {}, 'What the network sees'),
      this.#table,
      element(
        'div',
        { class: 'row' },
        button('New variations', () => {
          this.#drawSeed++;
          this.#ask();
        }),
        button('Other images', () => {
          this.#sampleSeed++;
          void app.attempt('samples', () => this.#fetch());
        }),
      ),
      this.#problem,
    );
    app.state.device.listen(() => this.#ask());
  }

  async showDataset(dataset: Settings['dataset'], classNames: readonly string[]): Promise<void> {
    this.#dataset = dataset;
    this.#classNames = classNames;
    await this.#fetch();
  }

  /** Cheap to call on every move of a slider. */
  showRecipe(recipe: ImageRecipe): void {
    this.#recipe = recipe;
    this.#ask();
  }

  async #fetch(): Promise<void> {
    const [dataset, seed] = [this.#dataset, this.#sampleSeed];
    const options = { dataset, part: 'train', count: imageCount, label: null, seed } as const;
    const found = await this.app.worker.data.samples(options);
    // A newer request supersedes this one.
    if (dataset !== this.#dataset || seed !== this.#sampleSeed) return;
    this.#samples = { ...found, dataset };
    this.#build(this.#samples);
    this.#ask();
  }

  /** Creates canvases for these images; variants stay black until they are computed. */
  #build(samples: Samples): void {
    this.#canvases = samples.indices.map((_, image) =>
      Array.from({ length: 1 + variants }, (_unused, i) => {
        const name = this.#classNames[samples.labels?.[image] ?? -1] ?? `image ${image + 1}`;
        const canvas = element('canvas', {
          class: 'pixels framed',
          role: 'img',
          'aria-label': i === 0 ? `${name}, original` : `${name}, variant ${i}`,
        });
        const picture = pictureOf(samples, image);
        paint(canvas, i === 0 ? picture : { ...picture, pixels: new Uint8Array(picture.pixels.length) });
        return canvas;
      }),
    );
    const heads = ['Original', 'Variants'].map((title) =>
      element('span', { class: 'label', 'aria-hidden': 'true' }, title),
    );
    this.#table.replaceChildren(...heads, ...this.#canvases.flat());
  }

  #ask(): void {
    if (this.#samples) this.#latest.ask(null);
  }

  async #compute(): Promise<void> {
    const samples = this.#samples;
    if (!samples) return;
    const { device } = this.app.state;
    if (device.value && !device.value.info)
      return this.#say('Variants need WebGPU: the kernels of training compute them.');
    const { dataset, indices } = samples;
    const options = { ...this.#recipe, dataset, indices, part: 'train', variants } as const;
    try {
      const found = await this.app.worker.data.preview({ ...options, seed: this.#drawSeed });
      if (samples !== this.#samples) return;
      for (const [image, row] of this.#canvases.entries())
        for (let i = 0; i < variants; i++) paint(row[1 + i]!, pictureOf(found, image * variants + i));
      this.#say('');
    } catch (error) {
      // Shown but not announced: the next move of the slider may fix it.
      this.#say(textOf(error));
    }
  }

  #say(problem: string): void {
    if (this.#problem.textContent !== problem) this.#problem.textContent = problem;
  }
}
