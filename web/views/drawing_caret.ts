/** Keyboard drawing: arrow keys move a pen, the space bar lowers or lifts it. */
import { type InkPoint, penWidth } from './drawing_strokes.js';

/** In units of the pad's side. */
const step = 0.05;
const fineStep = 0.015;

const directions: Readonly<Record<string, readonly [x: number, y: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

export interface CaretListener {
  /** Called when it appears or disappears. */
  onShown(): void;
  /** Called when it moves, or is lowered or lifted. */
  onMove(place: InkPoint, isDown: boolean): void;
  announce(text: string): void;
}

export class Caret {
  #place: InkPoint = { x: 0.5, y: 0.25, pressure: 0.5 };
  #isDown = false;
  #isShown = false;

  constructor(
    canvas: HTMLCanvasElement,
    private readonly listener: CaretListener,
  ) {
    canvas.addEventListener('keydown', (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || !this.#press(event)) return;
      event.preventDefault();
    });
    canvas.addEventListener('focus', () => {
      this.#isShown = canvas.matches(':focus-visible');
      listener.onShown();
    });
    canvas.addEventListener('blur', () => this.hide());
  }

  /** Lifts the pen and hides the caret until a key is pressed. */
  hide(): void {
    const wasDown = this.#isDown;
    this.#isDown = false;
    this.#isShown = false;
    if (wasDown) this.listener.onMove(this.#place, false);
    this.listener.onShown();
  }

  paint(context: CanvasRenderingContext2D, side: number, colour: string): void {
    if (!this.#isShown) return;
    const { x, y } = this.#place;
    context.strokeStyle = colour;
    context.fillStyle = colour;
    context.lineWidth = side / 160;
    context.beginPath();
    context.arc(x * side, y * side, (penWidth * side) / 2, 0, 2 * Math.PI);
    if (this.#isDown) context.fill();
    else context.stroke();
  }

  /** Whether the pen handles the key. */
  #press({ key, shiftKey }: KeyboardEvent): boolean {
    const direction = directions[key];
    if (direction) {
      const length = shiftKey ? fineStep : step;
      const along = (from: number, by: number): number => Math.min(1, Math.max(0, from + by * length));
      const { x, y, pressure } = this.#place;
      this.#place = { x: along(x, direction[0]), y: along(y, direction[1]), pressure };
    } else if (key === ' ' || key === 'Enter' || (key === 'Escape' && this.#isDown)) {
      this.#isDown = !this.#isDown;
      this.listener.announce(this.#isDown ? 'Pen down' : 'Pen lifted');
    } else {
      return false;
    }
    this.#isShown = true;
    this.listener.onMove(this.#place, this.#isDown);
    return true;
  }
}
