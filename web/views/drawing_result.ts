/** Input and prediction of the network: the small picture, the most likely class, a bar per class. */
import { probability } from '../../src/report/charts/numbers.js';
import { element } from '../elements.js';
import type { Prediction } from '../protocol.js';
import { type Row, nanText, rowsOf, winnerOf } from './drawing_figures.js';
import { type SmallPicture, paintPixels } from './drawing_ink.js';

export interface ResultOptions {
  /** The network's input shape: [height,width,channels]. */
  readonly shape: readonly number[];
  /** Probability before the correction. */
  readonly before: Prediction | undefined;
  /** Whether there is a device, even if its shaders are not compiled yet. */
  readonly hasDevice: boolean;
}

/** Smaller changes of a probability are not shown. */
const leastChange = 0.005;

export class Result {
  readonly #seen = element('canvas', { class: 'pixels framed', role: 'img', 'aria-label': 'Nothing yet' });
  readonly #size = element('small', {}, 'What the network sees');
  readonly #name = element('span', { class: 'verdict-name' }, '–');
  readonly #share = element('span', { class: 'verdict-share' });
  readonly #bars = element('dl', { class: 'chances' });
  readonly #how = element('small', { class: 'how' });
  readonly summary = element(
    'div',
    { class: 'summary' },
    element('figure', { class: 'seen' }, this.#seen, element('figcaption', {}, this.#size)),
    element('p', { class: 'verdict' }, this.#name, this.#share),
  );
  readonly details = element('div', { class: 'stack chances-and-how' }, this.#bars, this.#how);

  constructor() {
    this.clear(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
  }

  /** Shows that nothing is drawn. */
  clear(names: readonly string[]): void {
    this.#seen.width = 28;
    this.#seen.height = 28;
    this.#seen.setAttribute('aria-label', 'Nothing yet');
    this.#name.textContent = '–';
    this.#share.textContent = '';
    this.#how.textContent = 'Nothing is drawn.';
    this.#showRows(
      rowsOf(
        Array.from(names, () => 0),
        names,
      ),
      -1,
    );
    for (const share of this.#bars.querySelectorAll('.chance-share')) share.textContent = '';
  }

  show(
    { input, probabilities, ms, by }: Prediction,
    names: readonly string[],
    { before, shape, hasDevice }: ResultOptions,
  ): void {
    const [height, width, channels] = shape as [number, number, number];
    const picture: SmallPicture = { pixels: input, height, width, channels };
    paintPixels(this.#seen, picture);
    this.#size.textContent = `What the network sees: ${height}×${width}`;
    this.#seen.setAttribute('aria-label', `What the network sees, ${height}×${width} pixels`);
    // `npm run bench:page` measures the time to this first prediction.
    if (performance.getEntriesByName('first-prediction').length === 0) performance.mark('first-prediction');
    const winner = winnerOf(probabilities);
    const isNumber = winner !== -1;
    const name = isNumber ? (names[winner] ?? String(winner)) : '?';
    this.#name.textContent = name;
    this.#name.dataset['length'] = name.length > 2 ? 'long' : 'short';
    this.#share.textContent = isNumber ? probability(probabilities[winner] as number) : 'NaN';
    const how = `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms, computed ${by === 'device' ? 'through WebGPU' : hasDevice ? 'in JavaScript while the shaders are compiled' : 'in JavaScript'}`;
    this.#how.textContent = isNumber ? how : `${nanText} Its training probably diverged. ${how}`;
    this.#showRows(rowsOf(probabilities, names, before?.probabilities), winner);
  }

  #showRows(rows: readonly Row[], winner: number): void {
    while (this.#bars.childElementCount > rows.length) this.#bars.lastElementChild?.remove();
    while (this.#bars.childElementCount < rows.length) this.#bars.append(emptyRow());
    rows.forEach(({ label, name, share, shareBefore }, i) => {
      const row = this.#bars.children[i] as HTMLElement;
      const [dt, dd] = row.children as unknown as [HTMLElement, HTMLElement];
      const [bar, ghost, text] = dd.querySelectorAll<HTMLElement>(
        '.chance-fill, .chance-before, .chance-share',
      );
      row.classList.toggle('is-winner', label === winner);
      dt.textContent = name;
      text!.textContent = probability(share);
      bar!.style.width = `${(share || 0) * 100}%`; // NaN is not a valid width
      ghost!.hidden = shareBefore === undefined || Math.abs(share - shareBefore) < leastChange;
      ghost!.style.left = `${(shareBefore ?? 0) * 100}%`;
    });
  }
}

function emptyRow(): HTMLElement {
  const bar = element(
    'span',
    { class: 'chance-bar', 'aria-hidden': 'true' },
    element('span', { class: 'chance-fill' }),
    element('span', { class: 'chance-before', hidden: true }),
  );
  return element(
    'div',
    { class: 'chance' },
    element('dt'),
    element('dd', {}, bar, element('span', { class: 'chance-share' })),
  );
}
