/** Texts about a training, on the page and for screen readers. */
import { duration, figures, grouped, percent } from '../../src/report/charts/numbers.js';
import type { Phase, TrainingStatus } from '../protocol.js';
import { isOver } from '../phase.js';

/** Whether the device was lost while there was no training. */
export function isLostWithoutTraining({ phase, isUnderWay }: TrainingStatus): boolean {
  return phase === 'lost' && !isUnderWay;
}

const phaseWords: Readonly<Record<Phase, string>> = {
  idle: 'Ready',
  loading: 'Loading images',
  compiling: 'Compiling kernels',
  training: 'Training',
  validating: 'Validating',
  paused: 'Paused',
  finished: 'Finished',
  stopped: 'Stopped',
  lost: 'The graphics device was lost',
};

/** The visible text, such as `Training · epoch 2 of 5 · step 311 of 1,688`. */
export function positionOf(status: TrainingStatus): string {
  const { phase, progress, stepInEpoch, stepsPerEpoch, step } = status;
  const words = phaseWords[phase];
  if (phase === 'idle' || isLostWithoutTraining(status)) return words;
  if (phase === 'loading' && progress)
    return `${words} · ${byteText(progress.done)} of ${byteText(progress.total)}`;
  if (phase === 'loading' || phase === 'compiling')
    return progress ? `${words} · ${partsOf(progress)}` : `${words} …`;
  if (isOver(phase)) return `${words} · ${stepsOf(step)}`;
  // A checkpoint saved before the device was lost has no more detail.
  if (stepsPerEpoch === 0) return [words, epochOf(status)].join(' · ');
  const done = `step ${grouped(stepInEpoch)} of ${grouped(stepsPerEpoch)}`;
  const detail = phase === 'validating' && progress ? partsOf(progress) : done;
  return [words, epochOf(status), detail].join(' · ');
}

function stepsOf(count: number): string {
  return `${grouped(count)} ${count === 1 ? 'step' : 'steps'}`;
}

function partsOf({ done, total }: { readonly done: number; readonly total: number }): string {
  return `${grouped(done)} of ${grouped(total)}`;
}

/** Such as `epoch 2 of 5`: the current epoch, or the one that is being validated; the last one at the end. */
function epochOf({ step, stepInEpoch, stepsPerEpoch, epochs, phase }: TrainingStatus): string {
  const stepsBefore = phase === 'validating' ? step - 1 : step - stepInEpoch;
  const current = stepsPerEpoch > 0 ? Math.floor(stepsBefore / stepsPerEpoch) + 1 : 1;
  return `epoch ${grouped(Math.max(1, Math.min(current, epochs)))} of ${grouped(epochs)}`;
}

/** Progress of the training and of the epoch, from 0 to 1; null if unknown. */
export function progressOf({ step, stepsPerEpoch, epochs, stepInEpoch, phase, progress }: TrainingStatus): {
  readonly all: number | null;
  readonly epoch: number | null;
} {
  const share = (done: number, total: number): number | null =>
    total > 0 ? Math.min(1, Math.max(0, done / total)) : null;
  if (phase === 'loading' || phase === 'compiling')
    return { all: null, epoch: progress && share(progress.done, progress.total) };
  if (phase === 'validating' && progress)
    return { all: share(step, stepsPerEpoch * epochs), epoch: share(progress.done, progress.total) };
  return { all: share(step, stepsPerEpoch * epochs), epoch: share(stepInEpoch, stepsPerEpoch) };
}

/** A sentence for screen readers. */
export function summaryOf(status: TrainingStatus): string {
  const { phase, isUnderWay, loss, accuracy, etaSeconds } = status;
  if (phase === 'idle') return 'No training is running.';
  if (phase === 'loading' || phase === 'compiling') return `${phaseWords[phase]}.`;
  if (phase === 'lost')
    return isUnderWay
      ? `The graphics device was lost. You can resume from step ${grouped(status.step)}.`
      : 'The graphics device was lost.';
  const share = progressOf(status).all;
  const parts = [
    isOver(phase) ? `${stepsOf(status.step)} done` : epochOf(status),
    ...(isOver(phase) || share === null ? [] : [`${Math.floor(share * 100)} % done`]),
    ...(loss === null ? [] : [`loss ${lossText(loss)}`]),
    ...(accuracy === null ? [] : [`accuracy ${percent(accuracy, 1)}`]),
    ...(phase === 'training' && etaSeconds !== null ? [`${duration(Math.round(etaSeconds))} left`] : []),
  ];
  return `${phaseWords[phase]}: ${parts.join(', ')}.`;
}

/** Interval between two summaries while only numbers change. */
const quietMs = 10_000;

/** Decides when to announce a summary: when the phase changes, otherwise at most every ten seconds. */
export class Announcer {
  #phase: Phase | undefined;
  #saidMs = -Infinity;

  /** The text to announce now; undefined for none. `nowMs` counts from any fixed time. */
  textFor(status: TrainingStatus, nowMs: number): string | undefined {
    const isFirst = this.#phase === undefined;
    const isNews = status.phase !== this.#phase;
    // Alternating between training and validation is not worth announcing.
    const isRoutine =
      isNews && [status.phase, this.#phase].every((one) => one === 'training' || one === 'validating');
    this.#phase = status.phase;
    if (isFirst && status.phase === 'idle') return undefined;
    const isDue = status.phase === 'training' && nowMs - this.#saidMs >= quietMs;
    if (!(isNews && !isRoutine) && !isDue) return undefined;
    this.#saidMs = nowMs;
    return summaryOf(status);
  }
}

/** A loss with four decimals; in scientific notation if it is very small or large. */
export function lossText(loss: number): string {
  // Infinity too: JSON stores both as null.
  if (!Number.isFinite(loss)) return 'not finite';
  return loss >= 0.001 && loss < 10_000 ? loss.toFixed(4) : loss.toExponential(2);
}

/** `3.2 ms`, `1.4 s`. */
export function stepTime(ms: number): readonly [value: string, unit: string] {
  return ms < 1000 ? [figures(ms), 'ms'] : [figures(ms / 1000), 's'];
}

/** `1.5 MiB`. */
export function byteText(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB'];
  const power = bytes < 1024 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  return `${figures(bytes / 1024 ** power)} ${units[power]!}`;
}

/** Shows the time of day, since `12 s ago` would need updates. */
export function savedText(savedAt: number | null, locale?: string): string {
  if (savedAt === null) return 'nothing saved yet';
  const time = new Date(savedAt).toLocaleTimeString(locale, {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
  return `saved at ${time}`;
}
