/** The form for a one-shot correction: the user labels a drawing, and the network learns it. */
import type { App } from '../app.js';
import { type CorrectionRequest, correct } from '../commands/correction.js';
import { element } from '../elements.js';
import { type CommandButton, commandButton } from './command_button.js';
import { undoButtons } from './undo_buttons.js';

export class Correction {
  readonly #choices = element('fieldset', { class: 'segmented' });
  readonly #button: CommandButton;
  readonly #outcome = element('p', { class: 'quiet outcome', role: 'status' });
  readonly element: HTMLElement;
  #names: readonly string[] = [];
  #canLearn = false;

  /** `request`: the request of the button, with the chosen label; undefined if there is nothing to learn. */
  constructor(app: App, request: (label: number) => CorrectionRequest | undefined) {
    this.#button = commandButton(app, () => correct, {
      given: () => (this.#canLearn && this.chosen !== undefined ? request(this.chosen) : undefined),
    });
    this.element = element(
      'div',
      { class: 'stack correction' },
      element('h3', {}, 'Not right?'),
      element('div', { class: 'row' }, this.#choices, this.#button.root),
      this.#outcome,
      undoButtons(app, { scope: 'model', only: ['correction'] }),
    );
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

  /** Chooses a label; undefined for none. */
  choose(label: number | undefined): void {
    for (const input of this.#choices.querySelectorAll('input'))
      input.checked = Number(input.value) === label;
    this.#refresh();
  }

  /** Enables the form if there is a drawing and a device. */
  set canLearn(value: boolean) {
    this.#canLearn = value;
    this.#refresh();
  }

  say(text: string): void {
    this.#outcome.textContent = text;
  }

  #refresh(): void {
    this.#choices.disabled = !this.#canLearn;
    this.#button.refresh();
  }
}
