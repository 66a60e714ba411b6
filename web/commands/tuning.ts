/** The commands that measure which kernels are fastest on this device. */
import { proxy } from 'comlink';
import type { Tuning } from '../protocol.js';
import type { Command } from './command.js';

export interface TuningRequest {
  readonly onProgress: (done: number, total: number, primitive: string | null) => void;
  readonly onResult: (tuning: Tuning) => void;
}

export const tune: Command<TuningRequest> = {
  label: 'Tune for this device',
  cause: 'tuning',
  run: async ({ worker, settings }, { onProgress, onResult }) =>
    onResult(await worker.tuning.run(settings.value, proxy(onProgress))),
};

export const cancelTuning: Command<unknown> = {
  label: 'Cancel',
  cause: 'tuning',
  isInterrupting: true,
  run: async ({ worker }) => worker.tuning.cancel(),
};

export const forgetTuning: Command = {
  label: 'Forget',
  cause: 'tuning',
  run: async ({ worker }) => worker.tuning.forget(),
};
