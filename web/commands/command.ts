/**
 * Commands of the page. A command is one object: label, keyboard shortcut, when it is enabled, and the action. Its button
 * and keys are built from it (views/command_button.ts).
 */
import type { App, Cause } from '../app.js';

/** A key pressed with Ctrl, or ⌘ on a Mac: keys without a modifier belong to text fields and screen readers. */
export interface Shortcut {
  readonly key: string;
  /** With Shift or without; either when left out, as layouts differ in where a key is. */
  readonly isShifted?: boolean;
}

/** `Given`: what the view passes, such as the chosen files. */
export interface Command<Given = void> {
  readonly label: string | ((app: App) => string);
  /** The label while the command runs. */
  readonly busyLabel?: string;
  /** What it does, for the tooltip, if the label does not say it. */
  readonly hint?: string;
  readonly shortcut?: Shortcut;
  /** What its errors are about. Only one command of a cause runs at a time. */
  readonly cause: Cause;
  /** Whether it may run while another command of its cause runs, in order to end it. */
  readonly isInterrupting?: boolean;
  /** Always enabled when left out. */
  isEnabled?(app: App): boolean;
  /** Resolves with a text to announce, if any. */
  run(app: App, given: Given): Promise<string | void>;
}

export function labelOf<Given>(app: App, { label }: Command<Given>): string {
  return typeof label === 'string' ? label : label(app);
}

export function isBusy<Given>(app: App, { cause, isInterrupting = false }: Command<Given>): boolean {
  return !isInterrupting && app.busy.value.has(cause);
}

export function canRun<Given>(app: App, command: Command<Given>): boolean {
  return command.isEnabled?.(app) !== false && !isBusy(app, command);
}

/** Runs a command if it is enabled. Never rejects: errors are shown as notes. */
export async function runCommand<Given>(app: App, command: Command<Given>, given: Given): Promise<void> {
  if (!canRun(app, command)) return;
  const { cause, isInterrupting } = command;
  const attempt = async (): Promise<void> =>
    app.attempt(cause, async () => {
      const text = await command.run(app, given);
      if (text) app.say(text);
    });
  if (isInterrupting) return attempt();
  app.busy.set(new Set([...app.busy.value, cause]));
  await attempt();
  app.busy.set(new Set([...app.busy.value].filter((each) => each !== cause)));
}
