/**
 * The confusion matrix as a table: a row per true class, a column per prediction; each cell is a button that shows
 * its images. Arrow keys, Home, End, and both with Ctrl move between cells; Tab enters one of them.
 */
import { maxOf } from '../../src/extent.js';
import { grouped, percent } from '../../src/report/charts/numbers.js';
import { element, setAttribute } from '../elements.js';
import { strengthOf } from './evaluation_shades.js';

/** A place in the matrix: row and column. */
export interface MatrixCell {
  readonly actual: number;
  readonly predicted: number;
}

/** Longer names are rotated above their columns. */
const shortName = 2;
/** Maximum length of a row name, in letters. */
const mostLetters = 11;

export class ConfusionTable {
  readonly element: HTMLElement;
  readonly #table = element('table', {
    class: 'matrix',
    role: 'grid',
    'aria-label': 'Confusion matrix: true × predicted, in images',
  });
  /** By row and column. */
  #buttons: HTMLButtonElement[][] = [];
  #heads: HTMLElement[] = [];
  #at: MatrixCell = { actual: 0, predicted: 0 };
  #pressed: MatrixCell | null = null;

  constructor(private readonly onPick: (cell: MatrixCell) => void) {
    this.element = element('div', { class: 'matrix-room' }, this.#table);
    this.#table.addEventListener('keydown', (event) => this.#move(event));
    for (const type of ['pointerover', 'focusin'] as const)
      this.#table.addEventListener(type, ({ target }) => this.#light(target));
    for (const type of ['pointerleave', 'focusout'] as const)
      this.#table.addEventListener(type, () => this.#light(null));
  }

  /**
   * `confusion[actual][predicted]`; `supports` counts the images of each class, including those predicted as a class that has
   * no column. Tab enters at the most frequent mistake.
   */
  show(
    confusion: readonly (readonly number[])[],
    supports: readonly number[],
    classNames: readonly string[],
  ): void {
    const longest = maxOf(classNames.map(({ length }) => length));
    this.element.style.setProperty('--classes', String(classNames.length));
    this.element.style.setProperty('--letters', String(Math.min(mostLetters, longest)));
    this.#table.classList.toggle('has-long-names', longest > shortName);
    this.#heads = classNames.map((name) =>
      element('th', { scope: 'col', title: name }, element('span', {}, name)),
    );
    const corner = element(
      'td',
      {},
      element('span', { class: 'sr-only' }, 'true class in rows, predicted class in columns'),
    );
    this.#buttons = confusion.map((row, actual) => {
      const support = supports[actual] ?? 0;
      return row.map((count, predicted) => this.#cell({ actual, predicted }, count, support, classNames));
    });
    const rows = this.#buttons.map((buttons, actual) => {
      const name = classNames[actual] ?? '';
      const head = element('th', { scope: 'row', title: name }, element('span', {}, name));
      return element('tr', {}, head, ...buttons.map((button) => element('td', {}, button)));
    });
    this.#table.replaceChildren(
      element('thead', {}, element('tr', {}, corner, ...this.#heads)),
      element('tbody', {}, ...rows),
    );
    this.#pressed = null;
    this.#enter(worstCell(confusion));
  }

  /** Marks the cell whose images are shown; null for none. */
  mark(cell: MatrixCell | null): void {
    const set = (of: MatrixCell | null, isPressed: boolean): void => {
      const button = of && this.#buttons[of.actual]?.[of.predicted];
      if (button) setAttribute(button, 'aria-pressed', String(isPressed));
    };
    set(this.#pressed, false);
    set((this.#pressed = cell), true);
  }

  #cell(cell: MatrixCell, count: number, support: number, classNames: readonly string[]): HTMLButtonElement {
    const { actual, predicted } = cell;
    const isRight = actual === predicted;
    const share = support === 0 ? 0 : count / support;
    const what = isRight
      ? `${classNames[actual]} recognised`
      : `${classNames[actual]} predicted as ${classNames[predicted]}`;
    const words = `${what}: ${grouped(count)} of ${grouped(support)}${count > 0 ? `, ${percent(share, 1)}` : ''}`;
    const button = element(
      'button',
      {
        type: 'button',
        tabindex: -1,
        class: isRight ? 'right' : 'wrong',
        title: words,
        'aria-label': words,
        'aria-pressed': 'false',
        // Empty cells show nothing, but keys move over them.
        'aria-disabled': count === 0 ? 'true' : undefined,
      },
      count === 0 ? '' : String(count),
    );
    button.style.setProperty('--strength', `${strengthOf(share, isRight).toFixed(1)}%`);
    button.addEventListener('click', () => {
      this.#enter(cell);
      if (count > 0) this.onPick(cell);
    });
    return button;
  }

  /** Makes a cell the Tab stop. */
  #enter(cell: MatrixCell): HTMLButtonElement | undefined {
    this.#buttons[this.#at.actual]?.[this.#at.predicted]?.setAttribute('tabindex', '-1');
    this.#at = cell;
    const button = this.#buttons[cell.actual]?.[cell.predicted];
    button?.setAttribute('tabindex', '0');
    return button;
  }

  #move(event: KeyboardEvent): void {
    const to = nextCell(this.#at, event, this.#buttons.length);
    if (!to) return;
    event.preventDefault();
    this.#enter(to)?.focus();
  }

  /** Highlights the name of the cell's column; the row is highlighted by CSS. */
  #light(target: EventTarget | null): void {
    const column = target instanceof Element ? (target.closest('td')?.cellIndex ?? 0) : 0;
    for (const [i, head] of this.#heads.entries()) head.classList.toggle('is-lit', i === column - 1);
  }
}

/** The cell after a key press in a square of `count` rows; undefined for other keys. */
function nextCell(
  { actual, predicted }: MatrixCell,
  { key, ctrlKey }: Pick<KeyboardEvent, 'key' | 'ctrlKey'>,
  count: number,
): MatrixCell | undefined {
  const within = (place: number): number => Math.min(count - 1, Math.max(0, place));
  switch (key) {
    case 'ArrowUp':
      return { actual: within(actual - 1), predicted };
    case 'ArrowDown':
      return { actual: within(actual + 1), predicted };
    case 'ArrowLeft':
      return { actual, predicted: within(predicted - 1) };
    case 'ArrowRight':
      return { actual, predicted: within(predicted + 1) };
    case 'Home':
      return { actual: ctrlKey ? 0 : actual, predicted: 0 };
    case 'End':
      return { actual: ctrlKey ? count - 1 : actual, predicted: count - 1 };
    default:
      return undefined;
  }
}

/** The most frequent mistake, the first of equals; the first cell if there is none. */
function worstCell(confusion: readonly (readonly number[])[]): MatrixCell {
  let worst: MatrixCell = { actual: 0, predicted: 0 };
  let most = 0;
  for (const [actual, row] of confusion.entries()) {
    for (const [predicted, count] of row.entries()) {
      if (actual === predicted || count <= most) continue;
      worst = { actual, predicted };
      most = count;
    }
  }
  return worst;
}
