/** Small pictures, one of which can be selected: a radio group with one Tab stop; arrow keys, Home and End select. */
import { element } from '../elements.js';

export interface Tile {
  /** For screen readers: `filter 3, values −0.2 to 0.4`. */
  readonly name: string;
  draw(canvas: HTMLCanvasElement): void;
}

export interface TilesOptions {
  /** Label of the group. */
  readonly label: string;
  /** Called whenever the selection changes. */
  readonly onChoose: (index: number) => void;
}

/** Up to this many tiles are shown larger. */
const few = 16;

const arrows: Readonly<Record<string, readonly [columns: number, rows: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

export class Tiles {
  readonly root: HTMLElement;
  readonly #buttons: HTMLButtonElement[] = [];
  #chosen = 0;

  constructor(private readonly options: TilesOptions) {
    this.root = element('div', { class: 'tiles', role: 'radiogroup', 'aria-label': options.label });
    this.root.addEventListener('keydown', (event) => this.#move(event));
  }

  get chosen(): number {
    return this.#chosen;
  }

  /** Draws pictures, reusing elements if their number is unchanged. */
  show(tiles: readonly Tile[]): void {
    while (this.#buttons.length > tiles.length) this.#buttons.pop()!.remove();
    while (this.#buttons.length < tiles.length) this.#add(this.#buttons.length);
    tiles.forEach(({ name, draw }, i) => {
      const button = this.#buttons[i]!;
      if (button.getAttribute('aria-label') !== name) button.setAttribute('aria-label', name);
      draw(button.firstElementChild as HTMLCanvasElement);
    });
    this.root.classList.toggle('few', tiles.length <= few);
    this.#mark(Math.min(this.#chosen, tiles.length - 1));
  }

  choose(index: number): void {
    this.#mark(index);
    this.options.onChoose(this.#chosen);
  }

  #add(index: number): void {
    const button = element(
      'button',
      { type: 'button', class: 'tile', role: 'radio' },
      element('canvas', { class: 'pixels' }),
    );
    button.addEventListener('click', () => this.choose(index));
    this.#buttons.push(button);
    this.root.append(button);
  }

  #mark(index: number): void {
    this.#chosen = Math.max(0, index);
    this.#buttons.forEach((button, i) => {
      button.setAttribute('aria-checked', String(i === this.#chosen));
      button.tabIndex = i === this.#chosen ? 0 : -1;
    });
  }

  #move(event: KeyboardEvent): void {
    const next = this.#target(event.key);
    if (next === undefined || next < 0 || next >= this.#buttons.length) return;
    event.preventDefault();
    this.choose(next);
    this.#buttons[next]!.focus();
  }

  #target(key: string): number | undefined {
    if (key === 'Home') return 0;
    if (key === 'End') return this.#buttons.length - 1;
    const [columns, rows] = arrows[key] ?? [];
    if (columns === undefined || rows === undefined) return undefined;
    return this.#chosen + columns + rows * this.#perRow();
  }

  #perRow(): number {
    const [first] = this.#buttons;
    const inFirstRow = this.#buttons.filter((button) => button.offsetTop === first?.offsetTop);
    return Math.max(1, inFirstRow.length);
  }
}
