/** Shared by callbacks that monitor a metric: its direction, the best value so far, and warnings. */
import { UsageError } from '../../errors.js';
import { hintFor } from '../../option_hints.js';
import { type Rules, fn, nonEmptyText, text } from '../../options.js';
import type { Logs } from './callback.js';

export type Mode = 'auto' | 'min' | 'max';
/** Called with a message. */
export type Listener = (message: string) => void;

/** The options that all of them share. */
export const monitorRules = (): Rules<{
  readonly monitor?: string;
  readonly mode?: Mode;
  readonly say?: Listener;
  readonly warn?: Listener;
}> => ({
  monitor: nonEmptyText,
  // `checkMode` validates the value.
  mode: text,
  say: fn,
  warn: fn,
});

/** Like Keras, falls back to 'auto' for an unknown mode, with a warning. */
export function checkMode(who: string, mode: Mode, warn: Listener): Mode {
  if (['auto', 'min', 'max'].includes(mode)) return mode;
  warn(`${who}: mode ${mode} is unknown, fallback to auto mode.`);
  return 'auto';
}

/** The names of losses, and of metrics that are one. With several outputs they come after the name of the output. */
const falling =
  /(^|_)(loss|\w*([eE]rror|[cC]rossentropy|[hH]inge)|huber|logCosh|klDivergence|poisson|cosineSimilarity|multiMargin)$/;
const rising = /(^|_)(\w*[aA]ccuracy|precision|recall|f1Score|auc)$/;

/**
 * The direction in which a metric improves; 'auto' knows the losses and metrics of the library.
 *
 * Throws: UsageError for another metric under 'auto'.
 */
export function directionOf(who: string, monitor: string, mode: Mode): 'min' | 'max' {
  if (mode !== 'auto') return mode;
  const metric = monitor.replace(/^val_/, '');
  if (falling.test(metric)) return 'min';
  if (rising.test(metric)) return 'max';
  const hint = hintFor(metric === 'acc' ? 'accuracy' : metric, [
    'loss',
    'accuracy',
    'precision',
    'recall',
  ])?.replace("mean '", monitor === metric ? "mean '" : "mean 'val_");
  throw new UsageError(
    `${who}: mode is 'auto', which does not know whether '${monitor}' should rise or fall${hint ? `; ${hint}` : ", expected 'min' or 'max'."}`,
  );
}

/**
 * Whether a value improves on another by more than |minDelta|; never for NaN. (Keras 3.15 takes any first value as the best,
 * and nothing improves on a NaN; earlier versions behave as here.)
 *
 *   now + |minDelta| < than   (max: now − |minDelta| > than)
 */
export function improvement(direction: 'min' | 'max', minDelta = 0): (now: number, than: number) => boolean {
  const delta = Math.abs(minDelta);
  return direction === 'max' ? (now, than) => now - delta > than : (now, than) => now + delta < than;
}

/** The value that every other value improves on. */
export function worstOf(direction: 'min' | 'max'): number {
  return direction === 'min' ? Infinity : -Infinity;
}

/** Passes each message on only once, like Python's warnings. */
export function once(warn: Listener): Listener {
  const said = new Set<string>();
  return (message) => {
    if (said.has(message)) return;
    said.add(message);
    warn(message);
  };
}

/** `loss, accuracy`. */
export function namesOf(logs: Logs): string {
  return Object.keys(logs).join(', ');
}

/** JSON has no infinities, but the best value is infinite before the first epoch. */
export function toState(best: number): number | string {
  return Number.isFinite(best) ? best : String(best);
}
