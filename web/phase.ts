/** Properties of training phases that page and worker share. */
import type { Phase } from './protocol.js';

/** Whether the training has ended and cannot be resumed. */
export function isOver(phase: Phase): boolean {
  return phase === 'finished' || phase === 'stopped';
}
