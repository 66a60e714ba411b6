/** Images per class, in training and test, as numbers with bars; picking a class shows its samples. */
import { maxOf } from '../../src/extent.js';
import { grouped } from '../../src/report/charts/numbers.js';
import { element, setAttribute } from '../elements.js';
import type { DataInfo } from '../protocol.js';

/** Limit of rows: thousands would make the page unresponsive. */
const mostRows = 200;

export class CountsTable {
  readonly element: HTMLElement;
  readonly #table = element('table', { class: 'table counts', 'aria-label': 'Images of each class' });
  #buttons: readonly HTMLButtonElement[] = [];

  /** `onPick` receives the class whose samples to show. */
  constructor(private readonly onPick: (label: number) => void) {
    const room = { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Images of each class' };
    this.element = element('div', room, this.#table);
  }

  show({ classNames, trainCounts, testCounts }: DataInfo): void {
    const parts = [
      { title: 'Training', counts: trainCounts },
      { title: 'Test', counts: testCounts },
    ].flatMap(({ title, counts }) => (counts ? [{ title, counts, most: Math.max(1, maxOf(counts)) }] : []));
    const heads = ['Class', ...parts.map(({ title }) => title)].map((title, i) =>
      element('th', { scope: 'col', class: i === 0 ? undefined : 'number' }, title),
    );
    this.#buttons = classNames.slice(0, mostRows).map((name, label) => {
      const button = element(
        'button',
        { type: 'button', class: 'class-name', 'aria-pressed': 'false' },
        name,
      );
      button.title = `Samples of ${name}`;
      button.addEventListener('click', () => this.onPick(label));
      return button;
    });
    const rows = this.#buttons.map((button, label) => {
      const cells = parts.map(({ counts, most }) => countCell(counts[label] ?? 0, most));
      return element('tr', {}, element('th', { scope: 'row' }, button), ...cells);
    });
    this.#table.replaceChildren(
      element('thead', {}, element('tr', {}, ...heads)),
      element('tbody', {}, ...rows),
    );
    const others = classNames.length - rows.length;
    if (others > 0)
      this.#table.createCaption().textContent = `The first ${mostRows} of ${grouped(classNames.length)} classes`;
  }

  /** The class whose samples are shown; null for all. */
  mark(label: number | null): void {
    for (const [i, button] of this.#buttons.entries())
      setAttribute(button, 'aria-pressed', String(i === label));
  }
}

function countCell(count: number, most: number): HTMLTableCellElement {
  const bar = element('span', { class: 'count-bar', 'aria-hidden': 'true' });
  bar.style.setProperty('--share', `${((100 * count) / most).toFixed(1)}%`);
  return element('td', { class: 'number' }, grouped(count), bar);
}
