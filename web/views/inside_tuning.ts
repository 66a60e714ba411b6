/** Measures the kernels on this device, shows the results, and can discard them. */
import type { App } from '../app.js';
import type { Command } from '../commands/command.js';
import { type TuningRequest, cancelTuning, forgetTuning, tune } from '../commands/tuning.js';
import { element, setAttribute } from '../elements.js';
import type { StoredTuning, Tuning } from '../protocol.js';
import { type CommandButton, commandButton } from './command_button.js';
import { undoButtons } from './undo_buttons.js';
import {
  offerWords,
  outcomeWords,
  progressWords,
  rowsOf,
  storedWords,
  type TunedRow,
} from './inside_tuning_words.js';

/** `cancelling`: the current kernel is still being measured. */
type State = 'idle' | 'running' | 'cancelling';

export class TuningPart {
  readonly root = element('div', { class: 'stack' });
  readonly #button: CommandButton;
  readonly #offer = element('p', { class: 'quiet', id: 'inside-tuning' });
  readonly #progress = element('progress', { max: 1, hidden: true, 'aria-label': 'Kernels measured' });
  /** The progress as text, hidden from screen readers, which announce only the start and the outcome. */
  readonly #now = element('p', { class: 'quiet', 'aria-hidden': 'true', hidden: true });
  readonly #words = element('p', { role: 'status' });
  readonly #region = element('div', {
    class: 'scroll',
    tabindex: 0,
    role: 'region',
    'aria-label': 'Table of measured variants',
    hidden: true,
  });
  readonly #kept = element('p', { class: 'quiet' });
  readonly #forget: CommandButton;
  readonly #keptRow = element('div', { class: 'row', hidden: true }, this.#kept);
  #state: State = 'idle';
  /** Why there is no device to measure on; empty if there is one. */
  #missing = '';
  #isKnown = false;

  /** `onChange` is called when new plans will use other kernels. */
  constructor(
    private readonly app: App,
    private readonly onChange: () => void,
  ) {
    const { run, cancel, forget } = this.#commands();
    this.#button = commandButton<TuningRequest>(app, () => (this.#state === 'idle' ? run : cancel), {
      kind: 'small',
      given: () => ({ onProgress: this.#tell.bind(this), onResult: this.#show.bind(this) }),
    });
    this.#forget = commandButton(app, () => forget, { kind: 'quiet small' });
    this.#keptRow.append(this.#forget.root);
    setAttribute(this.#button.root, 'aria-describedby', 'inside-tuning');
    app.settings.listen(() => this.#update());
    this.root.append(
      element('h3', {}, 'The fastest variants'),
      this.#offer,
      element('div', { class: 'row' }, this.#button.root, this.#now),
      this.#progress,
      this.#words,
      this.#region,
      this.#keptRow,
      undoButtons(app, { scope: 'tuning', onDone: () => this.onChange() }),
    );
    // The choices change in this tab or in another one.
    app.state.tuned.listen((stored) => this.#showKept(stored));
    this.#update();
  }

  /** `missing`: why there is no device, as the start of a sentence; undefined if there is one. */
  look(missing: string | undefined): void {
    this.#missing = missing === undefined ? '' : `${missing}, so there is nothing to measure on.`;
    if (missing === undefined && !this.#isKnown) {
      this.#isKnown = true;
      // Not awaited: `attempt` shows errors.
      void this.app.attempt('tuning', async () => this.#showKept(await this.app.worker.tuning.stored()));
    }
    // Another device may have other choices.
    if (missing !== undefined) this.#isKnown = false;
    this.#update();
  }

  /** The commands, which also update this part of the page. */
  #commands(): {
    readonly run: Command<TuningRequest>;
    readonly cancel: Command<unknown>;
    readonly forget: Command;
  } {
    const hasDevice = (): boolean => this.#missing === '';
    return {
      run: {
        ...tune,
        isEnabled: hasDevice,
        run: async (app, request) => {
          this.#enter('running');
          this.#region.hidden = true;
          this.#tell(0, 0, '');
          this.#words.textContent = 'Measuring …';
          try {
            await tune.run(app, request);
          } catch (error) {
            this.#words.textContent = '';
            throw error;
          } finally {
            this.#enter('idle');
          }
        },
      },
      cancel: {
        ...cancelTuning,
        isEnabled: () => this.#state === 'running',
        run: async (app) => {
          this.#enter('cancelling');
          this.#words.textContent = 'Cancelling after the current kernel …';
          await cancelTuning.run(app, undefined);
        },
      },
      forget: {
        ...forgetTuning,
        isEnabled: hasDevice,
        run: async (app) => {
          await forgetTuning.run(app);
          this.#region.hidden = true;
          this.#words.textContent = 'Forgotten: new trainings will use the default kernels.';
          this.onChange();
        },
      },
    };
  }

  #tell(done: number, total: number, primitive: string | null): void {
    if (this.#state === 'idle') return;
    const words = total > 0 ? progressWords(done, total, primitive) : '';
    this.#now.textContent = words;
    setAttribute(this.#progress, 'aria-valuetext', words || undefined);
    // Indeterminate until the number of kernels is known.
    if (total === 0) this.#progress.removeAttribute('value');
    else this.#progress.value = done / total;
  }

  #show(tuning: Tuning): void {
    const { kernels, outcome } = tuning;
    this.#words.textContent = outcomeWords(tuning);
    this.#region.hidden = kernels.length === 0 || outcome === 'cancelled';
    this.#region.replaceChildren(tableOf(rowsOf(kernels)));
    if (outcome !== 'stored' && outcome !== 'unkept') return;
    this.onChange();
  }

  #showKept(stored: StoredTuning | null): void {
    // Moves the focus away from the row that disappears.
    if (!stored && this.#keptRow.contains(document.activeElement)) this.#button.root.focus();
    this.#keptRow.hidden = stored === null;
    if (stored) this.#kept.textContent = storedWords(stored);
  }

  #enter(state: State): void {
    this.#state = state;
    this.#update();
  }

  #update(): void {
    const isIdle = this.#state === 'idle';
    this.#button.refresh();
    this.#forget.refresh();
    this.#progress.hidden = this.#now.hidden = isIdle;
    // While measuring, sighted users read the progress instead.
    this.#words.classList.toggle('sr-only', this.#state === 'running');
    this.#offer.textContent = this.#missing || offerWords(this.app.settings.value);
  }
}

function tableOf(rows: readonly TunedRow[]): HTMLElement {
  const head = ['Kernel', 'Default', 'ms', 'Best other', 'ms', 'Chosen', 'Speedup'];
  const isNumber = (column: number): boolean => head[column] === 'ms' || head[column] === 'Speedup';
  const cell = (content: readonly (Node | string)[], column: number): HTMLElement =>
    element('td', { class: isNumber(column) && 'number' }, ...content);
  const lines = rows.map(({ primitive, shapes, problems, usual, usualMs, other, otherMs, chosen, gain }) => {
    const kernel = [
      primitive,
      element('small', { class: 'mono' }, shapes),
      ...problems.map((problem) => element('small', {}, problem)),
    ];
    const cells = [kernel, [usual], [usualMs], [other], [otherMs], [chosen], [gain]];
    return element('tr', { class: gain === '' ? undefined : 'gained' }, ...cells.map(cell));
  });
  return element(
    'table',
    { class: 'table tuned' },
    element('caption', { class: 'sr-only' }, 'Each kernel with its default variant and the best other one'),
    element(
      'thead',
      {},
      element(
        'tr',
        {},
        ...head.map((title, column) =>
          element('th', { scope: 'col', class: isNumber(column) && 'number' }, title),
        ),
      ),
    ),
    element('tbody', {}, ...lines),
  );
}
