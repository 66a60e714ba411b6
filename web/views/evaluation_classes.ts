/** Precision, recall and F1 of every class in a table that can be sorted by each column. */
import { minOf } from '../../src/extent.js';
import { grouped, percent } from '../../src/report/charts/numbers.js';
import { element } from '../elements.js';
import type { ClassFigures } from '../protocol.js';

type Column = 'label' | 'support' | 'precision' | 'recall' | 'f1';
type Share = 'precision' | 'recall' | 'f1';

const columns: readonly { readonly key: Column; readonly title: string; readonly hint: string }[] = [
  { key: 'label', title: 'Class', hint: '' },
  { key: 'support', title: 'Images', hint: 'Images of this class' },
  { key: 'precision', title: 'Precision', hint: 'Of all images predicted as this class, the share that is' },
  {
    key: 'recall',
    title: 'Recall',
    hint: "Share of this class's images that were predicted correctly (recall)",
  },
  { key: 'f1', title: 'F1', hint: 'The harmonic mean of precision and recall' },
];
/** Limit of rows: thousands would make the page unresponsive. */
const mostRows = 200;
const shares = ['precision', 'recall', 'f1'] as const satisfies readonly Share[];

export interface Sorting {
  readonly by: Column;
  readonly direction: 'ascending' | 'descending';
}

/** Sorts classes; missing values come last, ties by label. */
export function sorted(classes: readonly ClassFigures[], { by, direction }: Sorting): ClassFigures[] {
  const sign = direction === 'ascending' ? 1 : -1;
  return classes.toSorted((a, b) => {
    const [x, y] = [a[by], b[by]];
    if (x === null || y === null) return Number(x === null) - Number(y === null) || a.label - b.label;
    return sign * (x - y) || a.label - b.label;
  });
}

/** Start of the bars: the tenth below the lowest value, so that 97 % and 99 % differ visibly. */
export function barsFrom(classes: readonly ClassFigures[]): number {
  const found = classes.flatMap((each) => shares.map((share) => each[share] ?? 0));
  return Math.max(0, Math.ceil(minOf(found) * 10 - 1e-9) - 1) / 10;
}

export class ClassTable {
  readonly element: HTMLElement;
  readonly #heads = new Map<Column, HTMLElement>();
  readonly #body = element('tbody');
  readonly #scale = element('p', { class: 'quiet classes-scale' });
  #classes: readonly ClassFigures[] = [];
  #names: readonly string[] = [];
  #sorting: Sorting = { by: 'label', direction: 'ascending' };

  /** `onPick` receives the class whose mistakes to show. */
  constructor(private readonly onPick: (label: number) => void) {
    const heads = columns.map(({ key, title, hint }) => {
      const button = element('button', { type: 'button', class: 'sort', title: hint || undefined }, title);
      button.addEventListener('click', () => this.#sortBy(key));
      const head = element('th', { scope: 'col', class: key === 'label' ? undefined : 'number' }, button);
      this.#heads.set(key, head);
      return head;
    });
    const table = element(
      'table',
      { class: 'table classes', 'aria-label': 'Figures of each class' },
      element('thead', {}, element('tr', {}, ...heads)),
      this.#body,
    );
    const room = { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Figures of each class' };
    this.element = element('div', { class: 'stack' }, element('div', room, table), this.#scale);
  }

  show(classes: readonly ClassFigures[], classNames: readonly string[]): void {
    this.#classes = classes;
    this.#names = classNames;
    const some =
      classes.length > mostRows
        ? ` The first ${mostRows} of ${grouped(classes.length)} classes in this order; sort by another column for others.`
        : '';
    this.#scale.textContent = `Bars span ${percent(barsFrom(classes), 0)} to 100 %.${some}`;
    this.#fill();
  }

  /** A second press reverses the order. Percentages start with the lowest. */
  #sortBy(by: Column): void {
    const isSame = this.#sorting.by === by;
    const isAscending = isSame ? this.#sorting.direction === 'descending' : by !== 'support';
    this.#sorting = { by, direction: isAscending ? 'ascending' : 'descending' };
    this.#fill();
  }

  #fill(): void {
    const { by, direction } = this.#sorting;
    for (const [key, head] of this.#heads) {
      if (key === by) head.setAttribute('aria-sort', direction);
      else head.removeAttribute('aria-sort');
    }
    const from = barsFrom(this.#classes);
    this.#body.replaceChildren(
      ...sorted(this.#classes, this.#sorting)
        .slice(0, mostRows)
        .map((each) => {
          const name = this.#names[each.label] ?? String(each.label);
          const button = element('button', { type: 'button', class: 'class-name' }, name);
          button.title = `Mistakes among images of ${name}`;
          button.addEventListener('click', () => this.onPick(each.label));
          return element(
            'tr',
            {},
            element('th', { scope: 'row' }, button),
            element('td', { class: 'number' }, grouped(each.support)),
            ...shares.map((share) => shareCell(each[share], from)),
          );
        }),
    );
  }
}

function shareCell(value: number | null, from: number): HTMLTableCellElement {
  if (value === null) return element('td', { class: 'number' }, '–');
  const bar = element('span', { class: 'share-bar', 'aria-hidden': 'true' });
  bar.style.setProperty('--share', `${((100 * (value - from)) / (1 - from)).toFixed(1)}%`);
  return element('td', { class: 'number' }, percent(value, 1), bar);
}
