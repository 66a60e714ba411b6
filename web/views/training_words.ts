/** What the page says about a training: where it stands, and what screen readers hear, how often. */
import { duration, figures, grouped, percent } from '../../src/report/charts/numbers.js';
import type { Phase, TrainingStatus } from '../protocol.js';
import { isOver } from '../phase.js';

/** Whether the device was lost while no training was under way. */
export function isLostInNothing({ phase, isUnderWay }: TrainingStatus): boolean {
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

/** `Training · epoch 2 of 5 · step 311 of 1,688`, for the eye. */
export function positionOf(status: TrainingStatus): string {
  const { phase, progress, stepInEpoch, stepsPerEpoch, step } = status;
  const words = phaseWords[phase];
  if (phase === 'idle' || isLostInNothing(status)) return words;
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

/** `epoch 2 of 5`: that of the step in the epoch, being validated, or the last. */
function epochOf({ step, stepInEpoch, stepsPerEpoch, epochs, phase }: TrainingStatus): string {
  const stepsBefore = phase === 'validating' ? step - 1 : step - stepInEpoch;
  const current = stepsPerEpoch > 0 ? Math.floor(stepsBefore / stepsPerEpoch) + 1 : 1;
  return `epoch ${grouped(Math.max(1, Math.min(current, epochs)))} of ${grouped(epochs)}`;
}

/** Shares from 0 to 1: of all steps, and of the epoch; null where nothing is known. */
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

/** One sentence for the ear. */
export function summaryOf(status: TrainingStatus): string {
  const { phase, isUnderWay, loss, accuracy, etaSeconds } = status;
  if (phase === 'idle') return 'No training under way.';
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

/** Between two summaries while nothing changes but numbers. */
const quietMs = 10_000;

/** When to say a summary: as the phase changes, and else at most every ten seconds. */
export class Announcer {
  #phase: Phase | undefined;
  #saidMs = -Infinity;

  /** What to say now; undefined for nothing. `nowMs` from any beginning. */
  hear(status: TrainingStatus, nowMs: number): string | undefined {
    const isFirst = this.#phase === undefined;
    const isNews = status.phase !== this.#phase;
    // Going to and fro between training and validation is a matter of course.
    const isCourse =
      isNews && [status.phase, this.#phase].every((one) => one === 'training' || one === 'validating');
    this.#phase = status.phase;
    if (isFirst && status.phase === 'idle') return undefined;
    const isDue = status.phase === 'training' && nowMs - this.#saidMs >= quietMs;
    if (!(isNews && !isCourse) && !isDue) return undefined;
    this.#saidMs = nowMs;
    return summaryOf(status);
  }
}

/** A loss to four decimals, or three figures where it is small or has run away. */
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

/** The time of day: `12 s ago` would have to run on. */
export function savedText(savedAt: number | null, locale?: string): string {
  if (savedAt === null) return 'nothing kept yet';
  const time = new Date(savedAt).toLocaleTimeString(locale, {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
  return `saved at ${time}`;
}
