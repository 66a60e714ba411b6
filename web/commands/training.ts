/** The commands that steer the training. */
import type { App } from '../app.js';
import type { TrainingStatus } from '../protocol.js';
import type { Command } from './command.js';

/** One button shows train, pause or resume, depending on the phase, so they share a shortcut. */
const primary = { key: 'Enter', isShifted: false };

/** Why the chosen images cannot be used; null if they can, as far as is known. */
export function imageProblem({ state, settings }: App): string | null {
  return state.sets.value?.[settings.value.dataset] ?? null;
}

const statusIn = ({ state }: App): TrainingStatus | null => state.status.value;
const hasDevice = ({ state }: App): boolean => (state.device.value?.info ?? null) !== null;
const isIn =
  (...phases: readonly TrainingStatus['phase'][]) =>
  (app: App): boolean => {
    const status = statusIn(app);
    return hasDevice(app) && status !== null && phases.includes(status.phase);
  };

export const train: Command = {
  label: (app) => {
    const status = statusIn(app);
    return status?.settings && status.phase !== 'idle' ? 'Train again' : 'Train';
  },
  shortcut: primary,
  cause: 'training',
  isEnabled: (app) => hasDevice(app) && imageProblem(app) === null,
  run: async ({ worker, settings }) => worker.training.begin(settings.value),
};

export const pause: Command = {
  label: 'Pause',
  shortcut: primary,
  cause: 'training',
  isEnabled: isIn('training', 'validating'),
  run: async ({ worker }) => worker.training.pause(),
};

export const resume: Command = {
  label: 'Resume',
  shortcut: primary,
  cause: 'training',
  isEnabled: isIn('paused', 'lost'),
  run: async ({ worker }) => worker.training.resume(),
};

export const step: Command = {
  label: 'Step',
  hint: 'Runs one step, then pauses again',
  shortcut: { key: 'Enter', isShifted: true },
  cause: 'training',
  isEnabled: isIn('paused'),
  run: async ({ worker }) => worker.training.step(),
};

export const stop: Command = {
  label: 'Stop',
  hint: 'Ends this training and keeps the weights',
  shortcut: { key: '.' },
  cause: 'training',
  isInterrupting: true,
  isEnabled: (app) => hasDevice(app) && statusIn(app)?.isUnderWay === true,
  run: async ({ worker }) => worker.training.stop(),
};

/** Opens a new device after a loss, and resumes the training that the loss interrupted, if any. */
export const reconnect: Command = {
  label: (app) => {
    const status = statusIn(app);
    if (!status?.isUnderWay) return 'Reconnect';
    return status.step > 0 ? 'Resume' : 'Start again';
  },
  cause: 'training',
  run: resume.run,
};

/** The command of the large button. */
export function primaryCommand(app: App): Command {
  const status = statusIn(app);
  if (!status?.isUnderWay) return train;
  return status.phase === 'paused' || status.phase === 'lost' ? resume : pause;
}
