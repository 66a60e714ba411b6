/** The command that has the network learn from a drawing. */
import type { CorrectionOutcome } from '../protocol.js';
import type { Command } from './command.js';

export interface CorrectionRequest {
  /** The image as the network takes it, and what it is. */
  readonly input: Uint8Array<ArrayBuffer>;
  readonly label: number;
  readonly onResult: (outcome: CorrectionOutcome) => void;
}

export const correct: Command<CorrectionRequest> = {
  label: 'Learn from this drawing',
  busyLabel: 'Learning …',
  cause: 'correction',
  run: async ({ worker }, { input, label, onResult }) =>
    onResult(await worker.predicting.correct(input, label)),
};
