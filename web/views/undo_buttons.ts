/** Undo and redo of what throws something away, each named for what it would undo; nothing where there is nothing. */
import type { App } from '../app.js';
import { element, enable, onPress } from '../elements.js';
import type { UndoName, UndoScope } from '../protocol.js';

const names: Readonly<Record<UndoName, string>> = {
  train: 'new training',
  stop: 'Stop',
  reset: 'Reset',
  open: 'opened model',
  correction: 'correction',
  images: 'new images',
  forget: 'Forget',
};

export interface UndoOptions {
  readonly scope: UndoScope;
  /** Offered for these alone, beside what does them; for all when left out. */
  readonly only?: readonly UndoName[];
  /** Called when something has been put back. */
  readonly onDone?: () => void;
}

export function undoButtons(app: App, { scope, only, onDone }: UndoOptions): HTMLElement {
  const { state, worker } = app;
  const buttons = (['undo', 'redo'] as const).map((way) => ({
    way,
    button: element('button', { type: 'button', class: 'button small', hidden: true }),
  }));
  const root = element('div', { class: 'row undo', hidden: true }, ...buttons.map(({ button }) => button));
  const show = (): void => {
    const offers = state.undo.value?.[scope];
    const hadFocus = root.contains(document.activeElement);
    for (const { way, button } of buttons) {
      const name = offers?.[way] ?? null;
      const isOffered = name !== null && only?.includes(name) !== false;
      button.hidden = !isOffered;
      button.textContent = isOffered ? `${way === 'undo' ? 'Undo' : 'Redo'} ${names[name]}` : '';
    }
    root.hidden = buttons.every(({ button }) => button.hidden);
    // The keyboard's place, where it was on what goes now.
    if (hadFocus) buttons.find(({ button }) => !button.hidden)?.button.focus();
  };
  for (const { way, button } of buttons)
    onPress(button, () => {
      for (const each of buttons) enable(each.button, false);
      const { textContent } = button;
      // Not awaited: what goes wrong is said.
      void app
        .attempt(scope, async () => {
          await worker.undo[way](scope);
          app.say(`${textContent}: done.`);
          onDone?.();
        })
        .finally(() => {
          for (const each of buttons) enable(each.button, true);
        });
    });
  state.undo.watch(show);
  return root;
}
