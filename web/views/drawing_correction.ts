/** The form that tells the network what a drawing is, and has it learn that. */
import { element, enable, onPress } from '../elements.js';

export interface CorrectionListener {
  correct(label: number): void;
}

export class Correction {
  readonly #choices = element('fieldset', { class: 'segmented' });
  readonly #button = element('button', { type: 'button', class: 'button' }, 'Learn from this drawing');
  readonly #outcome = element('p', { class: 'quiet outcome', role: 'status' });
  readonly element: HTMLElement;
  #names: readonly string[] = [];
  #isBusy = false;
  #canLearn = false;

  /** `undo`: the buttons that undo a correction. */
  constructor(
    private readonly listener: CorrectionListener,
    undo: HTMLElement,
  ) {
    this.element = element(
      'div',
      { class: 'stack correction' },
      element('h3', {}, 'Not right?'),
      element('div', { class: 'row' }, this.#choices, this.#button),
      this.#outcome,
      undo,
    );
    onPress(this.#button, () => {
      const { chosen } = this;
      if (chosen !== undefined && !this.#isBusy) listener.correct(chosen);
    });
    this.#choices.addEventListener('change', () => this.#refresh());
    this.#refresh();
  }

  set names(names: readonly string[]) {
    if (names.join('\n') === this.#names.join('\n')) return;
    this.#names = names;
    this.#choices.replaceChildren(
      element('legend', { class: 'sr-only' }, 'What it is'),
      ...names.map((name, label) =>
        element(
          'label',
          {},
          element('input', { type: 'radio', name: 'draw-label', value: label }),
          element('span', {}, name),
        ),
      ),
    );
    this.#refresh();
  }

  get chosen(): number | undefined {
    const input = this.#choices.querySelector<HTMLInputElement>('input:checked');
    return input ? Number(input.value) : undefined;
  }

  /** Chooses what it is; undefined for nothing yet. */
  choose(label: number | undefined): void {
    for (const input of this.#choices.querySelectorAll('input'))
      input.checked = Number(input.value) === label;
    this.#refresh();
  }

  /** Whether there is something to learn, and a device to learn with. */
  set canLearn(value: boolean) {
    this.#canLearn = value;
    this.#refresh();
  }

  set isBusy(value: boolean) {
    this.#isBusy = value;
    this.#refresh();
  }

  say(text: string): void {
    this.#outcome.textContent = text;
  }

  #refresh(): void {
    this.#choices.disabled = !this.#canLearn;
    enable(this.#button, this.#canLearn && this.chosen !== undefined);
    this.#button.setAttribute('aria-busy', String(this.#isBusy));
    this.#button.textContent = this.#isBusy ? 'Learning …' : 'Learn from this drawing';
  }
}
