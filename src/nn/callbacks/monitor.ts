/** What callbacks that watch one metric share: which way is better, the best value so far, and the warnings. */
import { UsageError } from '../../errors.js';
import { type Rules, fn, nonEmptyText, text } from '../../options.js';
import type { Logs } from './callback.js';

export type Mode = 'auto' | 'min' | 'max';
/** Called with a message. */
export type Listener = (message: string) => void;

/** The options that all of them have. */
export const monitorRules = (): Rules<{
  readonly monitor?: string;
  readonly mode?: Mode;
  readonly say?: Listener;
  readonly warn?: Listener;
}> => ({
  monitor: nonEmptyText,
  // Which texts, `checkMode` knows.
  mode: text,
  say: fn,
  warn: fn,
});

/** Keras falls back to 'auto' for a mode that it does not know, and warns. */
export function checkMode(who: string, mode: Mode, warn: Listener): Mode {
  if (['auto', 'min', 'max'].includes(mode)) return mode;
  warn(`${who}: mode ${mode} is unknown, fallback to auto mode.`);
  return 'auto';
}

/**
 * Which way a metric gets better: 'auto' knows losses and accuracies.
 *
 * Throws: UsageError for another metric under 'auto'.
 */
export function directionOf(who: string, monitor: string, mode: Mode): 'min' | 'max' {
  if (mode !== 'auto') return mode;
  const metric = monitor.replace(/^val_/, '');
  // Of several outputs, a metric's name begins with the output's.
  if (/(^|_)loss$/.test(metric)) return 'min';
  if (/(^|_)accuracy$/.test(metric)) return 'max';
  throw new UsageError(
    `${who}: whether '${monitor}' should rise or fall is not known, expected mode 'min' or 'max' with it.`,
  );
}

/**
 * Whether a value improves on another by more than `minDelta`, whose sign does not matter; never for NaN. (Keras 3.15
 * takes whatever comes first for the best, and after a NaN nothing improves on it; earlier ones do as is done here.)
 *
 *   now + |minDelta| < than   (max: now − |minDelta| > than)
 */
export function improvement(direction: 'min' | 'max', minDelta = 0): (now: number, than: number) => boolean {
  const delta = Math.abs(minDelta);
  return direction === 'max' ? (now, than) => now - delta > than : (now, than) => now + delta < than;
}

/** What every value is better than. */
export function worstOf(direction: 'min' | 'max'): number {
  return direction === 'min' ? Infinity : -Infinity;
}

/** Passes each message on once, as Python does with its warnings. */
export function once(warn: Listener): Listener {
  const said = new Set<string>();
  return (message) => {
    if (said.has(message)) return;
    said.add(message);
    warn(message);
  };
}

/** As in `loss, accuracy`. */
export function namesOf(logs: Logs): string {
  return Object.keys(logs).join(', ');
}

/** JSON knows no infinity, and the best value is one before the first epoch. */
export function toState(best: number): number | string {
  return Number.isFinite(best) ? best : String(best);
}
