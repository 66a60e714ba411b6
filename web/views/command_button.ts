/** The button of a command, or of the currently applicable one of several. Label and shortcut come from the command. */
import type { App } from '../app.js';
import { type Command, type Shortcut, canRun, isBusy, labelOf, runCommand } from '../commands/command.js';
import { element, enable, onPress, setAttribute } from '../elements.js';

export interface CommandButtonOptions<Given> {
  /** CSS classes in addition to `button`. */
  readonly kind?: string;
  /** Input that the command needs from the view; undefined disables the button. */
  readonly given?: () => Given | undefined;
  /** Called when the button is pressed; false cancels. */
  readonly confirm?: (command: Command<Given>) => boolean;
}

export interface CommandButton {
  readonly root: HTMLButtonElement;
  /** Call when inputs of `given` have changed; shared state is observed automatically. */
  refresh(): void;
}

export function commandButton<Given>(
  app: App,
  commandNow: () => Command<Given>,
  { kind = '', given, confirm }: CommandButtonOptions<Given> = {},
): CommandButton {
  const root = element('button', { type: 'button', class: `button ${kind}`.trim() });
  const refresh = (): void => {
    const command = commandNow();
    const { busyLabel, hint, shortcut } = command;
    const busy = isBusy(app, command);
    const label = labelOf(app, command);
    const shown = busy && busyLabel !== undefined ? busyLabel : label;
    if (root.textContent !== shown) root.textContent = shown;
    setAttribute(root, 'title', shortcut ? `${hint ?? label}: ${textOf(shortcut)}` : hint);
    setAttribute(root, 'aria-keyshortcuts', shortcut && textOf(shortcut).replace('Ctrl', 'Control'));
    setAttribute(root, 'aria-busy', busy ? 'true' : undefined);
    enable(root, canRun(app, command) && (!given || given() !== undefined));
  };
  const { status, device, model, sets, undo } = app.state;
  for (const store of [status, device, model, sets, undo, app.settings, app.busy]) store.listen(refresh);
  refresh();
  let last: Command<Given> | undefined;
  onPress(root, ({ detail: clicks }) => {
    const command = commandNow();
    // Ignores the second click of a double click, which was meant for the previous command.
    if (clicks > 1 && command !== last) return;
    last = command;
    if (confirm?.(command) === false) return;
    // Not awaited: errors are shown as notes. An enabled button has its input.
    void runCommand(app, command, given?.() as Given);
  });
  document.addEventListener('keydown', (event) => {
    const { shortcut } = commandNow();
    if (!root.isConnected || !shortcut || !isMatch(event, shortcut)) return;
    event.preventDefault();
    // Moving the focus commits the field that is being edited.
    if (document.activeElement?.closest('form')) root.focus({ preventScroll: true });
    root.click();
  });
  return { root, refresh };
}

function isMatch(event: KeyboardEvent, { key, isShifted }: Shortcut): boolean {
  const { ctrlKey, metaKey, altKey, shiftKey, repeat } = event;
  return (
    event.key === key && (ctrlKey || metaKey) && !altKey && !repeat && shiftKey === (isShifted ?? shiftKey)
  );
}

function textOf({ key, isShifted }: Shortcut): string {
  return isShifted ? `Ctrl+Shift+${key}` : `Ctrl+${key}`;
}
