/**
 * The drawing pad: draws with mouse, finger, pen or arrow keys on a canvas in device pixels, and shows picked
 * pictures. Every step can be undone.
 */
import { element } from '../elements.js';
import { colourOf, onThemeChange } from '../theme_switch.js';
import { type SmallPicture, paintAsInk, paintPixels, paintStrokes } from './drawing_ink.js';
import { Caret } from './drawing_caret.js';
import { type InkPoint, type Stroke, extended, inkPoint } from './drawing_strokes.js';
import { onceAFrame } from './once_a_frame.js';

/** A picture on the pad, with its metadata. */
export interface Picked extends SmallPicture {
  readonly pixels: Uint8Array<ArrayBuffer>;
  readonly label: number | null;
  readonly source: 'upload' | 'test';
}

/** Content of the pad: strokes or a picture. */
export interface Sheet {
  readonly strokes: readonly Stroke[];
  readonly picture: Picked | null;
  /** Drawn by the page; the first stroke of the user starts a new sheet. */
  readonly isExample: boolean;
}

export const blankSheet: Sheet = { strokes: [], picture: null, isExample: false };

export function isBlank({ strokes, picture }: Sheet): boolean {
  return strokes.length === 0 && picture === null;
}

const mostUndone = 200;

export interface PadListener {
  /** Called when the sheet has changed; `isDrawing` during a stroke. */
  onChange(sheet: Sheet, isDrawing: boolean): void;
  /** For screen readers. */
  announce(text: string): void;
}

export class Pad {
  readonly canvas = element('canvas', {
    class: 'pad-canvas',
    tabindex: 0,
    role: 'application',
    'aria-label': 'Drawing pad',
    'aria-describedby': 'draw-keys',
  });
  readonly element = element('div', { class: 'pad framed' }, this.canvas);
  readonly #context = this.canvas.getContext('2d');
  readonly #caret: Caret;
  readonly #past: Sheet[] = [];
  #sheet: Sheet;
  /** The current stroke and its pointer, or the keyboard. */
  #stroke: Stroke = [];
  #pointer: number | undefined;
  #picturesAreInk = true;
  readonly #repaint = onceAFrame(() => this.#paint());

  constructor(
    first: Sheet,
    private readonly listener: PadListener,
  ) {
    this.#sheet = first;
    this.#caret = new Caret(this.canvas, {
      onMove: (place, isDown) => {
        // Focus and keys also come during a stroke of the pointer.
        if (this.#pointer !== undefined) return;
        if (isDown) this.#draw([place]);
        else if (this.#stroke.length > 0) this.#end();
        this.#repaint();
      },
      onShown: () => this.#repaint(),
      announce: (text) => listener.announce(text),
    });
    this.#listenToPointers();
    new ResizeObserver(() => this.#fit()).observe(this.canvas);
    // Zooming changes the device pixels of the canvas, which not every browser reports to the observer.
    window.addEventListener('resize', () => this.#fit());
    onThemeChange(this.#repaint);
    // Losing the GPU context cleared the canvas.
    this.canvas.addEventListener('contextrestored', this.#repaint);
  }

  /** Including the current stroke. */
  get sheet(): Sheet {
    if (this.#stroke.length === 0) return this.#sheet;
    return { ...this.#sheet, strokes: [...this.#sheet.strokes, this.#stroke] };
  }

  get canUndo(): boolean {
    return this.#past.length > 0;
  }

  /** Pictures of digits are shown as ink on paper, others as they are. */
  set picturesAreInk(value: boolean) {
    this.#picturesAreInk = value;
    this.#repaint();
  }

  /** Replaces the content of the pad; `undo` restores the previous one. */
  show(sheet: Sheet): void {
    this.#stroke = [];
    this.#pointer = undefined;
    this.#remember();
    this.#set(sheet);
  }

  /** Replaces one of the page's own sheets without an undo step. */
  replace(sheet: Sheet): void {
    this.#set(sheet);
  }

  clear(): void {
    if (!isBlank(this.sheet)) this.show(blankSheet);
  }

  undo(): void {
    const before = this.#past.pop();
    if (before) this.#set(before);
  }

  #remember(): void {
    this.#past.push(this.#sheet);
    if (this.#past.length > mostUndone) this.#past.shift();
  }

  #set(sheet: Sheet, isDrawing = false): void {
    this.#sheet = sheet;
    this.#repaint();
    this.listener.onChange(this.sheet, isDrawing);
  }

  // ---- drawing ----

  #listenToPointers(): void {
    const { canvas } = this;
    canvas.addEventListener('pointerdown', (event) => {
      // Ignores a second finger, or a palm next to a pen.
      if (event.button !== 0 || this.#pointer !== undefined) return;
      this.#caret.hide();
      canvas.setPointerCapture(event.pointerId);
      this.#pointer = event.pointerId;
      this.#draw(this.#placesOf([event]));
    });
    canvas.addEventListener('pointermove', (event) => {
      if (event.pointerId !== this.#pointer) return;
      // The pointer moves several times per frame; without coalesced events, fast strokes have corners.
      const between = event.getCoalescedEvents?.() ?? [];
      this.#draw(this.#placesOf(between.length > 0 ? between : [event]));
    });
    for (const name of ['pointerup', 'pointercancel', 'lostpointercapture'] as const)
      canvas.addEventListener(name, (event) => {
        if (event.pointerId !== this.#pointer) return;
        this.#pointer = undefined;
        this.#end();
      });
  }

  #placesOf(events: readonly PointerEvent[]): InkPoint[] {
    const pad = this.canvas.getBoundingClientRect();
    return events.map((event) => inkPoint(event, pad));
  }

  #draw(places: readonly InkPoint[]): void {
    const before = this.#stroke;
    if (before.length === 0) this.#begin();
    this.#stroke = places.reduce(extended, this.#stroke);
    if (this.#stroke !== before) this.#set(this.#sheet, true);
  }

  #begin(): void {
    this.#remember();
    if (this.#sheet.picture || this.#sheet.isExample) this.#sheet = blankSheet;
  }

  #end(): void {
    const { sheet } = this;
    this.#stroke = [];
    this.#set(sheet);
  }

  // ---- painting ----

  /** Sets the canvas size to its device pixels. */
  #fit(): void {
    const side = Math.max(1, Math.round(this.canvas.clientWidth * devicePixelRatio));
    if (this.canvas.width === side) return;
    this.canvas.width = side;
    this.canvas.height = side;
    this.#paint();
  }

  #paint(): void {
    const context = this.#context;
    if (!context) return;
    const { strokes, picture } = this.sheet;
    const side = this.canvas.width;
    const colour = colourOf('ink');
    context.clearRect(0, 0, side, side);
    if (picture && this.#picturesAreInk) paintAsInk(context, picture, { side, colour });
    else if (picture) paintEnlarged(context, picture, side);
    paintStrokes(context, strokes, { side, colour });
    this.#caret.paint(context, side, colourOf('accent'));
  }
}

function paintEnlarged(context: CanvasRenderingContext2D, picture: SmallPicture, side: number): void {
  const small = document.createElement('canvas');
  paintPixels(small, picture);
  context.imageSmoothingEnabled = false;
  const scale = side / Math.max(picture.width, picture.height);
  context.drawImage(small, 0, 0, picture.width * scale, picture.height * scale);
}
