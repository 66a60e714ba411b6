/** Activations of each layer for the current image: maps as tiles, units as bars. */
import { percent, probability } from '../../src/report/charts/numbers.js';
import { element } from '../elements.js';
import type { LayerActivation } from '../protocol.js';
import { type SignedColours, drawBars, drawImage, drawSigned, fullOf, rangeOf } from './inside_colours.js';
import type { LayerPart } from './inside_kernel_rows.js';
import { legend } from './inside_legend.js';
import { type Tile, Tiles } from './inside_tiles.js';
import { layerWords, passesOn, shapeWords, valueWords } from './inside_words.js';

export interface ActivationsOptions {
  /** Shows the WGSL of a layer. */
  readonly showKernel: (part: LayerPart) => void;
}

/** Up to this many units are a list with numbers; more are drawn. */
const mostListed = 24;
/** More units than this are a colour sheet, because bars would be too thin. */
const mostBars = 512;
const barsHeight = 96;

export class ActivationsPart {
  readonly root = element('div', { class: 'stack' });
  readonly #list = element('div', { class: 'layers' });
  readonly #empty = element('p', { class: 'empty' });
  #sections: LayerSection[] = [];

  constructor(private readonly options: ActivationsOptions) {
    this.root.append(
      element('h3', {}, 'Activations'),
      element(
        'p',
        { class: 'quiet' },
        'The output of each layer for the current image, as the device computed it. Orange is positive, blue is negative; all maps of a layer share one scale.',
      ),
      this.#empty,
      this.#list,
    );
    this.say('');
  }

  /** Explains why there is nothing to show. */
  say(text: string): void {
    this.#empty.textContent = text;
    this.#empty.hidden = false;
    this.#list.hidden = true;
  }

  show(activations: readonly LayerActivation[], classNames: readonly string[], colours: SignedColours): void {
    this.#empty.hidden = true;
    this.#list.hidden = false;
    const keys = activations.map(keyOf);
    if (keys.join() !== this.#sections.map(({ key }) => key).join()) {
      // Keeps the view of a layer if another model has the same one.
      const before = new Map(this.#sections.map((section) => [section.key, section]));
      this.#sections = activations.map(
        (activation, i) => before.get(keyOf(activation)) ?? this.#section(activation, i === 1),
      );
      this.#list.replaceChildren(...this.#sections.map(({ root }) => root));
    }
    this.#sections.forEach((section, i) => {
      const isLast = i >= activations.length - 2 && activations[i]!.shape[0] === classNames.length;
      section.show(activations[i]!, isLast ? classNames : undefined, colours);
    });
  }

  #section(activation: LayerActivation, isFirst: boolean): LayerSection {
    const { className } = activation;
    const isOpen = isFirst || className === 'Input' || className === 'Softmax';
    return new LayerSection(activation, isOpen, this.options);
  }
}

const nameOf = ({ layer, className }: LayerActivation): string =>
  className === 'Softmax' ? 'softmax' : layer;

const keyOf = ({ layer, className, shape }: LayerActivation): string =>
  `${layer} ${className} ${shape.join('×')}`;

/** One collapsible layer, drawn when open. */
class LayerSection {
  readonly key: string;
  readonly root: HTMLDetailsElement;
  readonly #range = element('span', { class: 'range' });
  readonly #picture: Picture | undefined;
  #draw: (() => void) | undefined;

  constructor(activation: LayerActivation, isOpen: boolean, { showKernel }: ActivationsOptions) {
    const { layer, className, shape } = activation;
    this.key = keyOf(activation);
    const summary = element(
      'summary',
      {},
      element('span', { class: 'name' }, nameOf(activation)),
      element('span', { class: 'kind' }, `${className} · ${shapeWords(shape)}`),
      this.#range,
    );
    const words = element('div', { class: 'row' }, element('p', { class: 'quiet' }, layerWords(className)));
    if (!['Input', 'Flatten'].includes(className) && !passesOn(className)) {
      const button = element('button', { type: 'button', class: 'button small row-end' }, 'Show its WGSL');
      button.setAttribute('aria-label', `Show its WGSL: ${nameOf(activation)}`);
      button.addEventListener('click', () => showKernel({ layer, isSoftmax: className === 'Softmax' }));
      words.append(button);
    }
    const body = element('div', { class: 'stack' }, words);
    if (!passesOn(className)) {
      this.#picture = pictureFor(activation);
      body.append(this.#picture.root);
    }
    this.root = element('details', { open: isOpen }, summary, body);
    this.root.addEventListener('toggle', () => this.#drawIfOpen());
  }

  show(activation: LayerActivation, classNames: readonly string[] | undefined, colours: SignedColours): void {
    const { least, most } = rangeOf(activation.values);
    this.#range.textContent = `${valueWords(least)} … ${valueWords(most)}`;
    this.#draw = () => this.#picture?.show(activation, classNames, colours);
    this.#drawIfOpen();
  }

  #drawIfOpen(): void {
    if (this.root.open) this.#draw?.();
  }
}

interface Picture {
  readonly root: HTMLElement;
  show(activation: LayerActivation, classNames: readonly string[] | undefined, colours: SignedColours): void;
}

function pictureFor({ layer, className, shape }: LayerActivation): Picture {
  if (className === 'Input') return inputPicture();
  if (shape.length === 3) return maps(layer);
  const units = shape.reduce((product, extent) => product * extent, 1);
  if (units <= mostListed) return unitList();
  return units <= mostBars ? unitBars() : unitSheet();
}

function inputPicture(): Picture {
  const canvas = element('canvas', { class: 'pixels framed large', role: 'img' });
  canvas.setAttribute('aria-label', 'The image as the network sees it');
  return { root: canvas, show: (activation) => drawImage(canvas, activation) };
}

/** One tile per channel, and one of them large. */
function maps(layer: string): Picture {
  const canvas = element('canvas', { class: 'pixels framed', role: 'img' });
  const caption = element('figcaption');
  const scale = legend();
  let shown: { readonly activation: LayerActivation; readonly colours: SignedColours } | undefined;

  const planeOf = ({ shape, values }: LayerActivation, c: number) => {
    const [height, width, stride] = shape as readonly [number, number, number];
    return { height, width, values, offset: c, stride };
  };
  const showLarge = (c: number): void => {
    if (!shown) return;
    const { activation, colours } = shown;
    drawSigned(canvas, planeOf(activation, c), fullOf(activation.values), colours);
    const own = channelOf(activation, c);
    const { least, most } = rangeOf(own);
    const above = own.filter((value) => value > 0).length / own.length;
    const text = `Map ${c + 1} of ${activation.shape[2]}: values from ${valueWords(least)} to ${valueWords(most)}, ${percent(above, 0)} positive`;
    canvas.setAttribute('aria-label', text);
    caption.textContent = text;
  };
  const tiles = new Tiles({ label: `Maps of ${layer}`, onChoose: showLarge });
  let isNew = true;
  return {
    root: element(
      'div',
      { class: 'chosen-one' },
      element('div', { class: 'stack' }, tiles.root, scale.root),
      element('figure', {}, canvas, caption),
    ),
    show: (activation, _, colours) => {
      shown = { activation, colours };
      const full = fullOf(activation.values);
      const count = activation.shape[2]!;
      const channels = Array.from({ length: count }, (_, c) => rangeOf(activation.values, c, count));
      scale.show(
        full,
        channels.some(({ least }) => least < 0),
      );
      tiles.show(
        channels.map(({ least, most }, c): Tile => ({
          name: `Map ${c + 1}, values from ${valueWords(least)} to ${valueWords(most)}`,
          draw: (tile) => drawSigned(tile, planeOf(activation, c), full, colours),
        })),
      );
      // Initially the most active one.
      const brightest = channels.reduce((best, { most }, c) => (most > channels[best]!.most ? c : best), 0);
      if (isNew) tiles.choose(brightest);
      else showLarge(tiles.chosen);
      isNew = false;
    },
  };
}

function channelOf({ shape, values }: LayerActivation, c: number): Float32Array {
  const [height, width, channels] = shape as readonly [number, number, number];
  return Float32Array.from({ length: height * width }, (_, i) => values[i * channels + c]!);
}

/** A row per unit: its name, a bar from the zero line, its value. */
function unitList(): Picture {
  const root = element('ol', { class: 'units' });
  return {
    root,
    show: ({ values, className }, classNames) => {
      const { least, most } = rangeOf(values);
      const [low, high] = className === 'Softmax' ? [0, 1] : [Math.min(least, 0), Math.max(most, 0)];
      const span = Math.max(high - low, 1e-12);
      const rows = Array.from(values, (value, i) => {
        const bar = element('span', { class: value < 0 ? 'bar below' : 'bar above' });
        bar.style.left = `${(100 * (Math.min(value, 0) - low)) / span}%`;
        bar.style.width = `${(100 * Math.abs(value)) / span}%`;
        const row = element(
          'li',
          {},
          element('span', { class: 'unit' }, classNames?.[i] ?? String(i)),
          element('span', { class: 'track', 'aria-hidden': 'true' }, bar),
          element(
            'span',
            { class: 'number' },
            className === 'Softmax' ? probability(value) : valueWords(value),
          ),
        );
        row.classList.toggle('most', value === most);
        return row;
      });
      root.replaceChildren(...rows);
    },
  };
}

function unitBars(): Picture {
  const canvas = element('canvas', { class: 'pixels bars', role: 'img' });
  return {
    root: canvas,
    show: ({ values }, _, colours) => {
      drawBars(canvas, values, barsHeight, colours);
      canvas.setAttribute('aria-label', unitWords(values));
    },
  };
}

/** Rows of 112 values: four rows of a 28-pixel image, and whole rows of most layers. */
function unitSheet(): Picture {
  const canvas = element('canvas', { class: 'pixels framed sheet', role: 'img' });
  const scale = legend();
  const width = 112;
  return {
    root: element('div', { class: 'stack' }, canvas, scale.root),
    show: ({ values }, _, colours) => {
      const height = Math.ceil(values.length / width);
      drawSigned(canvas, { height, width, values, offset: 0, stride: 1 }, fullOf(values), colours);
      scale.show(fullOf(values), rangeOf(values).least < 0);
      canvas.setAttribute('aria-label', unitWords(values));
    },
  };
}

function unitWords(values: Float32Array): string {
  const { least, most } = rangeOf(values);
  const above = values.filter((value) => value > 0).length / values.length;
  return `${values.length} values from ${valueWords(least)} to ${valueWords(most)}, ${percent(above, 0)} positive; the largest is number ${values.indexOf(most) + 1}`;
}
