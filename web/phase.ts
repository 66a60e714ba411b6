/** What the phases of a training have in common, for those who tell of them and those who bring them about. */
import type { Phase } from './protocol.js';

/** Whether the training has ended, for good. */
export function isOver(phase: Phase): boolean {
  return phase === 'finished' || phase === 'stopped';
}
