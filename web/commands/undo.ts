/** Undo and redo. Each scope has a history of its own. */
import type { App } from '../app.js';
import type { UndoName, UndoScope } from '../protocol.js';
import type { Command } from './command.js';

const names: Readonly<Record<UndoName, string>> = {
  train: 'new training',
  stop: 'Stop',
  reset: 'Reset',
  open: 'opened model',
  correction: 'correction',
  images: 'new images',
  forget: 'Forget',
};

export type UndoDirection = 'undo' | 'redo';

export interface UndoCommand extends Command {
  /** The action that it would undo or redo now; null if there is none. */
  offered(app: App): UndoName | null;
}

/** `isOffered` limits it to some actions, for a button beside the one that causes them. */
export function undoCommand(
  scope: UndoScope,
  direction: UndoDirection,
  isOffered: (name: UndoName) => boolean = () => true,
): UndoCommand {
  const offered = ({ state }: App): UndoName | null => {
    const name = state.undo.value?.[scope][direction] ?? null;
    return name !== null && isOffered(name) ? name : null;
  };
  const label = (app: App): string => {
    const name = offered(app);
    return name === null ? '' : `${direction === 'undo' ? 'Undo' : 'Redo'} ${names[name]}`;
  };
  return {
    label,
    cause: scope,
    offered,
    isEnabled: (app) => offered(app) !== null,
    run: async (app) => {
      const done = `${label(app)}: done.`;
      await app.worker.undo[direction](scope);
      return done;
    },
  };
}
