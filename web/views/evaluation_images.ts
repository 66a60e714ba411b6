/** The images of a cell of the matrix, or all mistakes, by descending loss, loaded in pages. */
import { probability } from '../../src/report/charts/numbers.js';
import type { App } from '../app.js';
import { element } from '../elements.js';
import type { EvaluatingApi, Mistake } from '../protocol.js';
import { type GridImage, ImageGrid, pictureOf } from './image_grid.js';

/** The selection: a cell, a class, or all mistakes. */
export interface WantedImages {
  readonly actual: number | null;
  readonly predicted: number | null;
}

export const allMistakes: WantedImages = { actual: null, predicted: null };

type Found = Awaited<ReturnType<EvaluatingApi['images']>>;

/** Images per page. */
const pageSize = 18;

export class EvaluatedImages {
  readonly element: HTMLElement;
  readonly #title = element('h3', { tabindex: -1 });
  readonly #count = element('p', { class: 'quiet', role: 'status' });
  readonly #grid: ImageGrid;
  readonly #more = element('button', { type: 'button', class: 'button small' });
  readonly #back = element('button', { type: 'button', class: 'button small quiet' }, 'All mistakes');
  #wanted: WantedImages = allMistakes;
  #names: readonly string[] = [];
  /** The images shown, in the order of the grid. */
  #shown: { readonly mistake: Mistake; readonly input: Uint8Array }[] = [];

  constructor(
    private readonly app: App,
    /** Called to show all mistakes again. */
    onAll: () => void,
  ) {
    this.#grid = new ImageGrid({
      label: 'Tested images, by descending loss',
      size: 84,
      onPick: (index) => this.#pick(index),
    });
    this.#back.addEventListener('click', () => {
      onAll();
      this.#title.focus({ preventScroll: true });
    });
    this.#more.addEventListener('click', () => void this.app.attempt('test', () => this.#load()));
    this.element = element(
      'div',
      { class: 'evaluated-images' },
      element('div', { class: 'row' }, this.#title, this.#back),
      this.#count,
      this.#grid.element,
      this.#more,
    );
  }

  /** Shows the first images of a selection. */
  async show(wanted: WantedImages, classNames: readonly string[]): Promise<void> {
    this.#wanted = wanted;
    this.#names = classNames;
    this.#shown = [];
    await this.#load();
  }

  async #load(): Promise<void> {
    const wanted = this.#wanted;
    const from = this.#shown.length;
    const found = await this.app.worker.evaluating.images({ ...wanted, from, count: pageSize });
    // A newer request supersedes this one.
    if (wanted !== this.#wanted || from !== this.#shown.length) return;
    const images = found.found.map((mistake, i) => this.#imageOf(found, mistake, i));
    this.#shown.push(...found.found.map((mistake, i) => ({ mistake, input: images[i]!.pixels })));
    if (from === 0) this.#grid.show(images);
    else this.#grid.add(images);
    const isLeaving = document.activeElement === this.#more;
    this.#describe(found.total);
    if (isLeaving && this.#more.hidden) this.#grid.focus(from);
  }

  #imageOf({ images }: Found, mistake: Mistake, index: number): GridImage {
    const [actual, predicted] = [this.#nameOf(mistake.actual), this.#nameOf(mistake.predicted)];
    const isRight = mistake.actual === mistake.predicted;
    const [share, loss] = [probability(mistake.probability), lossText(mistake.loss)];
    return {
      ...pictureOf(images, index),
      description: `Test image ${mistake.index + 1}: ${actual}, ${isRight ? 'recognised' : `predicted as ${predicted}`} with ${share}, loss ${loss}`,
      caption: [isRight ? actual : `${actual} → ${predicted}`, share, `loss ${loss}`],
    };
  }

  #describe(total: number): void {
    const { actual, predicted } = this.#wanted;
    const shown = this.#shown.length;
    this.#title.textContent = titleOf(this.#wanted, (label) => this.#nameOf(label));
    const images = total === 1 ? '1 image' : `${total} images`;
    const order = shown < total ? `, the ${shown} with the largest loss` : ', by descending loss';
    this.#count.textContent = total === 0 ? 'No images in this test.' : `${images}${total > 1 ? order : ''}.`;
    this.#more.hidden = shown >= total;
    this.#more.textContent = `${Math.min(pageSize, total - shown)} more`;
    this.#back.hidden = actual === null && predicted === null;
  }

  #pick(index: number): void {
    const picked = this.#shown[index];
    if (!picked) return;
    const { mistake, input } = picked;
    const { inputShape } = this.app.state.model.value ?? {};
    if (inputShape && inputShape.reduce((product, size) => product * size, 1) !== input.length) {
      this.app.say('This image was tested with another model; its size does not fit the current one.');
      return;
    }
    this.app.image.set({
      input: new Uint8Array(input),
      label: mistake.actual,
      source: 'test',
      prediction: null,
    });
  }

  #nameOf(label: number): string {
    return this.#names[label] ?? String(label);
  }
}

function titleOf({ actual, predicted }: WantedImages, nameOf: (label: number) => string): string {
  if (actual === null) return 'Mistakes';
  if (predicted === null) return `Mistakes among images of ${nameOf(actual)}`;
  if (actual === predicted) return `${nameOf(actual)}, recognised`;
  return `${nameOf(actual)} predicted as ${nameOf(predicted)}`;
}

/** `4.02`, `0.003`: two decimals, or one significant digit for small values. */
export function lossText(loss: number): string {
  if (loss >= 0.01 || loss === 0) return loss.toFixed(2);
  return loss < 1e-4 ? '< 0.0001' : String(Number(loss.toPrecision(1)));
}
