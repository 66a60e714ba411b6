/** Undo and redo buttons, each named for what it would undo; hidden while there is nothing to undo. */
import type { App } from '../app.js';
import { undoCommand } from '../commands/undo.js';
import { element } from '../elements.js';
import type { UndoName, UndoScope } from '../protocol.js';
import { commandButton } from './command_button.js';

export interface UndoOptions {
  readonly scope: UndoScope;
  /** Offers these alone, beside the button that causes them; all when left out. */
  readonly only?: readonly UndoName[];
  /** Called after something was undone or redone. */
  readonly onDone?: () => void;
}

export function undoButtons(app: App, { scope, only, onDone }: UndoOptions): HTMLElement {
  const buttons = (['undo', 'redo'] as const).map((direction) => {
    const command = undoCommand(scope, direction, (name) => only?.includes(name) !== false);
    const observed: typeof command = {
      ...command,
      run: async (...given) => {
        const text = await command.run(...given);
        onDone?.();
        return text;
      },
    };
    return { command, button: commandButton(app, () => observed, { kind: 'small' }).root };
  });
  const root = element('div', { class: 'row undo' }, ...buttons.map(({ button }) => button));
  app.state.undo.watch(() => {
    const hadFocus = root.contains(document.activeElement);
    for (const { command, button } of buttons) button.hidden = command.offered(app) === null;
    root.hidden = buttons.every(({ button }) => button.hidden);
    // A hidden button loses the keyboard focus: the other one takes it.
    if (hadFocus) buttons.find(({ button }) => !button.hidden)?.button.focus();
  });
  return root;
}
