/** The command that makes the network learn a drawing. */
import type { CorrectionOutcome } from '../protocol.js';
import type { Command } from './command.js';

export interface CorrectionRequest {
  /** The network's input and its true class. */
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
