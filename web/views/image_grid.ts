/** Small images in a grid, each on a canvas, crisp and enlarged by a whole factor, with words below; to look at or to pick. */
import { element, setAttribute } from '../elements.js';
import type { Images } from '../protocol.js';
import { showPixels } from './pixels.js';

/** [height,width,channels], a byte per value. */
export interface SmallPicture {
  readonly pixels: Uint8Array;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

export interface GridImage extends SmallPicture {
  /** What a screen reader says of it: all that the eye sees. */
  readonly description: string;
  /** Lines below the image; the first one is stronger. */
  readonly caption?: readonly string[];
}

export interface GridOptions {
  /** Names the list. */
  readonly label: string;
  /** About how many pixels wide an image is shown. */
  readonly size?: number;
  /** Makes each image a button. */
  readonly onPick?: (index: number) => void;
}

/** One of the images of a message; a view, not a copy. */
export function pictureOf({ pixels, height, width, channels }: Images, index: number): SmallPicture {
  const size = height * width * channels;
  return { pixels: pixels.subarray(index * size, (index + 1) * size), height, width, channels };
}

/** Paints grey or RGB; of other numbers of channels the first one, as grey. */
export function paint(canvas: HTMLCanvasElement, { pixels, height, width, channels }: SmallPicture): void {
  const rgba = new Uint8ClampedArray(height * width * 4);
  const hasColour = channels === 3;
  for (let i = 0; i < height * width; i++) {
    for (let c = 0; c < 3; c++) rgba[4 * i + c] = pixels[i * channels + (hasColour ? c : 0)]!;
    rgba[4 * i + 3] = 255;
  }
  showPixels(canvas, new ImageData(rgba, width, height));
}

/** Enlarges a canvas for the eye by the whole factor that comes closest to `size` pixels of width. */
export function enlarge({ style }: HTMLCanvasElement, { height, width }: SmallPicture, size: number): void {
  const factor = Math.max(1, Math.round(size / width));
  style.width = `${width * factor}px`;
  style.height = `${height * factor}px`;
}

export class ImageGrid {
  readonly element: HTMLUListElement;
  #picked: number | undefined;

  constructor(private readonly options: GridOptions) {
    this.element = element('ul', { class: 'image-grid', 'aria-label': options.label });
  }

  get count(): number {
    return this.element.children.length;
  }

  /** These images in place of those before. */
  show(images: readonly GridImage[]): void {
    this.#picked = undefined;
    this.element.replaceChildren(...images.map((image, i) => this.#item(image, i)));
  }

  /** These images behind those before. */
  add(images: readonly GridImage[]): void {
    const { count } = this;
    this.element.append(...images.map((image, i) => this.#item(image, count + i)));
  }

  /** Puts the keyboard on an image, where images are buttons. */
  focus(index: number): void {
    (this.element.children[index]?.firstElementChild as HTMLElement | null | undefined)?.focus();
  }

  #item(image: GridImage, index: number): HTMLLIElement {
    const { size = 56, onPick } = this.options;
    const canvas = element('canvas', { role: 'img', 'aria-label': image.description });
    paint(canvas, image);
    enlarge(canvas, image, size);
    const lines = (image.caption ?? []).map((line, i) => element(i === 0 ? 'b' : 'span', {}, line));
    // The description says it all already.
    const caption = element('span', { 'aria-hidden': 'true' }, ...lines);
    const children = lines.length === 0 ? [canvas] : [canvas, caption];
    if (!onPick) return element('li', {}, element('figure', {}, ...children));
    const button = element('button', { type: 'button', 'aria-pressed': 'false' }, ...children);
    button.addEventListener('click', () => {
      this.#press(this.#picked, false);
      this.#press((this.#picked = index), true);
      onPick(index);
    });
    return element('li', {}, button);
  }

  #press(index: number | undefined, isPressed: boolean): void {
    const button = index === undefined ? undefined : this.element.children[index]?.firstElementChild;
    if (button) setAttribute(button, 'aria-pressed', String(isPressed));
  }
}
