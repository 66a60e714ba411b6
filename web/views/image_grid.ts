/** A grid of small images on canvases, enlarged by an integer factor, with captions; optionally selectable. */
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
  /** Text for screen readers: everything that is visible. */
  readonly description: string;
  /** Lines below the image; the first one is stronger. */
  readonly caption?: readonly string[];
}

export interface GridOptions {
  /** Names the list. */
  readonly label: string;
  /** Approximate width of an image in pixels. */
  readonly size?: number;
  /** Makes each image a button. */
  readonly onPick?: (index: number) => void;
}

/** One of the images of a message; a view, not a copy. */
export function pictureOf({ pixels, height, width, channels }: Images, index: number): SmallPicture {
  const size = height * width * channels;
  return { pixels: pixels.subarray(index * size, (index + 1) * size), height, width, channels };
}

/** Paints greyscale or RGB; for other channel counts the first channel as greyscale. */
export function paint(canvas: HTMLCanvasElement, { pixels, height, width, channels }: SmallPicture): void {
  const rgba = new Uint8ClampedArray(height * width * 4);
  const hasColour = channels === 3;
  for (let i = 0; i < height * width; i++) {
    for (let c = 0; c < 3; c++) rgba[4 * i + c] = pixels[i * channels + (hasColour ? c : 0)]!;
    rgba[4 * i + 3] = 255;
  }
  showPixels(canvas, new ImageData(rgba, width, height));
}

/** Enlarges a canvas by the integer factor closest to a width of `size` pixels. */
function enlarge({ style }: HTMLCanvasElement, { height, width }: SmallPicture, size: number): void {
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

  /** Replaces the images. */
  show(images: readonly GridImage[]): void {
    this.#picked = undefined;
    this.element.replaceChildren(...images.map((image, i) => this.#item(image, i)));
  }

  /** Appends images. */
  add(images: readonly GridImage[]): void {
    const { count } = this;
    this.element.append(...images.map((image, i) => this.#item(image, count + i)));
  }

  /** Focuses an image, if images are buttons. */
  focus(index: number): void {
    (this.element.children[index]?.firstElementChild as HTMLElement | null | undefined)?.focus();
  }

  #item(image: GridImage, index: number): HTMLLIElement {
    const { size = 56, onPick } = this.options;
    const canvas = element('canvas', { role: 'img', 'aria-label': image.description });
    paint(canvas, image);
    enlarge(canvas, image, size);
    const lines = (image.caption ?? []).map((line, i) => element(i === 0 ? 'b' : 'span', {}, line));
    // The description contains the caption.
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
