/** Sliders and switches for augmentation and filters, in groups. */
import { element } from '../elements.js';
import { type Fill, type SliderValues, untouched } from './data_recipe.js';

type SliderName = Exclude<keyof SliderValues, 'horizontalFlip' | 'verticalFlip' | 'fill' | 'others'>;
type SwitchName = 'horizontalFlip' | 'verticalFlip';

interface SliderSpec {
  readonly kind: 'slider';
  readonly name: SliderName;
  readonly title: string;
  /** In the slider's unit: percent, degrees, passes. */
  readonly most: number;
  /** Slider units per unit of the recipe. */
  readonly scale: number;
  readonly text: (value: number) => string;
}

interface SwitchSpec {
  readonly kind: 'switch';
  readonly name: SwitchName;
  readonly title: string;
}

interface Group {
  readonly title: string;
  readonly controls: readonly (SliderSpec | SwitchSpec | { readonly kind: 'fill' })[];
  readonly hint?: string;
}

const eitherWay = (value: number): string => (value === 0 ? 'off' : `±${value} %`);

function share(name: SliderName, title: string, most: number, text = eitherWay): SliderSpec {
  return { kind: 'slider', name, title, most, scale: 100, text };
}

function passes(name: SliderName, title: string, most: number, text: SliderSpec['text']): SliderSpec {
  return { kind: 'slider', name, title, most, scale: 1, text };
}

const groups: readonly Group[] = [
  {
    title: 'Move',
    controls: [
      share('widthShift', 'Shift across', 40),
      share('heightShift', 'Shift down', 40),
      {
        kind: 'slider',
        name: 'rotation',
        title: 'Rotation',
        most: 45,
        scale: 1,
        text: (value) => (value === 0 ? 'off' : `±${value}°`),
      },
      share('zoom', 'Zoom', 60),
      { kind: 'fill' },
    ],
  },
  {
    title: 'Flip half of the images',
    controls: [
      { kind: 'switch', name: 'horizontalFlip', title: 'Horizontally' },
      { kind: 'switch', name: 'verticalFlip', title: 'Vertically' },
    ],
  },
  {
    title: 'Brightness and erasing',
    controls: [
      share('brightness', 'Brightness', 80),
      share('contrast', 'Contrast', 80),
      share('erasing', 'Erasing', 100, (value) => (value === 0 ? 'off' : `in ${value} % of images`)),
    ],
  },
  {
    title: 'Filters',
    hint: 'Filters become part of the model: they apply to every image, including drawings.',
    controls: [
      // A pass of [1 2 1] / 4 has the variance ½, and variances add up.
      passes('blur', 'Blur (Gaussian)', 10, (value) =>
        value === 0 ? 'off' : `σ ${Math.sqrt(value / 2).toFixed(1)} px`,
      ),
      passes('sharpen', 'Sharpen', 3, (value) => (value === 0 ? 'off' : `${value}×`)),
    ],
  },
];

const fills: readonly { readonly value: Fill; readonly title: string }[] = [
  { value: 'nearest', title: 'the edge pixels' },
  { value: 'constant', title: 'black' },
  { value: 'reflect', title: 'a mirror image' },
  { value: 'wrap', title: 'wrap around' },
];

export class RecipeSliders {
  readonly element: HTMLElement;
  /** Functions that show each part of the values. */
  readonly #shows: ((values: SliderValues) => void)[] = [];
  #values = untouched;

  /** Calls `onChange` on every move, not only at its end. */
  constructor(private readonly onChange: (values: SliderValues) => void) {
    this.element = element('div', { class: 'sliders' }, ...groups.map((group) => this.#group(group)));
    this.show(untouched);
  }

  get values(): SliderValues {
    return this.#values;
  }

  /** Sets all of them, without calling `onChange`. */
  show(values: SliderValues): void {
    this.#values = values;
    for (const show of this.#shows) show(values);
  }

  #change(part: Partial<SliderValues>): void {
    this.show({ ...this.#values, ...part });
    this.onChange(this.#values);
  }

  #group({ title, controls, hint }: Group): HTMLElement {
    const made = controls.map((control) => {
      if (control.kind === 'slider') return this.#slider(control);
      return control.kind === 'switch' ? this.#switch(control) : this.#fill();
    });
    const children = [element('legend', {}, title), ...made];
    if (hint !== undefined) children.push(element('small', {}, hint));
    return element('fieldset', {}, ...children);
  }

  #slider({ name, title, most, scale, text }: SliderSpec): HTMLElement {
    // Named explicitly: otherwise the label would name its output, which comes first.
    const id = `slider-${name}`;
    const input = element('input', { id, type: 'range', min: 0, max: most, step: 1, 'aria-label': title });
    const output = element('output');
    input.addEventListener('input', () => this.#change({ [name]: Number(input.value) / scale }));
    this.#shows.push((values) => {
      const value = Math.round(values[name] * scale * 10) / 10;
      // A URL may exceed the usual range of a slider.
      input.max = String(Math.max(most, value));
      input.step = Number.isInteger(value) ? '1' : '0.1';
      input.value = String(value);
      input.setAttribute('aria-valuetext', text(value));
      output.textContent = text(value);
    });
    return element('label', { class: 'field', for: id }, element('span', {}, title, ' ', output), input);
  }

  #switch({ name, title }: SwitchSpec): HTMLElement {
    const input = element('input', { type: 'checkbox' });
    input.addEventListener('change', () => this.#change({ [name]: input.checked }));
    this.#shows.push((values) => {
      input.checked = values[name];
    });
    return element('label', { class: 'check' }, input, element('span', {}, title));
  }

  #fill(): HTMLElement {
    const select = element(
      'select',
      {},
      ...fills.map(({ value, title }) => element('option', { value }, title)),
    );
    select.addEventListener('change', () => this.#change({ fill: select.value as Fill }));
    this.#shows.push(({ fill }) => {
      select.value = fill;
    });
    return element('label', { class: 'field' }, element('span', {}, 'Fill empty edges with'), select);
  }
}
