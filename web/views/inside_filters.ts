/** The filters of the first convolution. KH × KW is the window; C are the channels of the image, O the filters. */
import { element } from '../elements.js';
import type { InspectingApi } from '../protocol.js';
import { type SignedColours, drawSigned, fullOf, rangeOf } from './inside_colours.js';
import { legend } from './inside_legend.js';
import { Tiles } from './inside_tiles.js';
import { valueWords } from './inside_words.js';

type Filters = NonNullable<Awaited<ReturnType<InspectingApi['filters']>>>;

export class FiltersPart {
  readonly root = element('div', { class: 'stack' });
  readonly #tiles = new Tiles({ label: 'Filters', onChoose: () => this.#showLarge() });
  readonly #canvas = element('canvas', { class: 'pixels framed', role: 'img' });
  readonly #caption = element('figcaption');
  readonly #legend = legend();
  readonly #body = element(
    'div',
    { class: 'chosen-one' },
    element('div', { class: 'stack' }, this.#tiles.root, this.#legend.root),
    element('figure', {}, this.#canvas, this.#caption),
  );
  readonly #none = element('p', { class: 'quiet', hidden: true });
  #filters: Filters | undefined;
  #colours: SignedColours | undefined;

  constructor() {
    this.#body.hidden = true;
    this.root.append(
      element('h3', {}, 'First-layer filters'),
      element(
        'p',
        { class: 'quiet' },
        'The patterns that the first convolution detects. Each filter is a small window of weights; it responds where the image is bright under orange and dark under blue.',
      ),
      this.#none,
      this.#body,
    );
  }

  /** `none`: text if there are no filters. */
  show(filters: Filters | null, none: string, colours: SignedColours): void {
    this.#filters = filters ?? undefined;
    this.#colours = colours;
    this.#none.textContent = none;
    this.#none.hidden = filters !== null;
    this.#body.hidden = filters === null;
    if (!filters) return;
    const full = fullOf(filters.values);
    this.#legend.show(full);
    const count = filters.shape[3]!;
    this.#tiles.show(
      Array.from({ length: count }, (_, o) => ({
        name: nameOf(filters, o),
        draw: (canvas) => drawFilter(canvas, filters, o, full, colours),
      })),
    );
    this.#showLarge();
  }

  #showLarge(): void {
    const [filters, colours] = [this.#filters, this.#colours];
    if (!filters || !colours) return;
    const o = this.#tiles.chosen;
    drawFilter(this.#canvas, filters, o, fullOf(filters.values), colours);
    const [KH, KW, C] = filters.shape as [number, number, number];
    this.#canvas.setAttribute('aria-label', nameOf(filters, o));
    const { least, most } = rangeOf(weightsOf(filters, o));
    const channels = C > 1 ? `, ${C} channels side by side` : '';
    this.#caption.textContent = `Filter ${o + 1} of ${filters.shape[3]}: ${KH} × ${KW}${channels}, weights from ${valueWords(least)} to ${valueWords(most)}`;
  }
}

function nameOf(filters: Filters, o: number): string {
  const { least, most } = rangeOf(weightsOf(filters, o));
  return `Filter ${o + 1}, weights from ${valueWords(least)} to ${valueWords(most)}`;
}

/** The weights of filter `o`, with its channels side by side: [KH, C, KW]. */
function weightsOf({ shape, values }: Filters, o: number): Float32Array {
  const [KH, KW, C, O] = shape as [number, number, number, number];
  return Float32Array.from({ length: KH * C * KW }, (_, at) => {
    const [i, c, j] = [Math.floor(at / (C * KW)), Math.floor(at / KW) % C, at % KW];
    return values[((i * KW + j) * C + c) * O + o]!;
  });
}

function drawFilter(
  canvas: HTMLCanvasElement,
  filters: Filters,
  o: number,
  full: number,
  colours: SignedColours,
): void {
  const [height, KW, C] = filters.shape as [number, number, number];
  const values = weightsOf(filters, o);
  drawSigned(canvas, { height, width: KW * C, values, offset: 0, stride: 1 }, full, colours);
}
