/** What callbacks that watch one metric share: which way is better, and how to say that the metric is missing. */
import { UsageError } from '../../errors.js';
import type { Logs } from './callback.js';

export type Mode = 'auto' | 'min' | 'max';

/** Compares as Keras does: 'auto' means larger is better when the name contains "acc". */
export function betterBy(
  monitor: string,
  mode: Mode,
  minDelta: number,
): (now: number, best: number | null) => boolean {
  const isMax = mode === 'max' || (mode === 'auto' && monitor.includes('acc'));
  const delta = Math.abs(minDelta);
  return (now, best) => best === null || (isMax ? now - delta > best : now + delta < best);
}

/** Throws: UsageError that lists what is there. */
export function monitored(who: string, monitor: string, logs: Logs): number {
  const value = logs[monitor];
  if (value === undefined) {
    throw new UsageError(
      `${who}: '${monitor}' is not among the metrics (${Object.keys(logs).join(', ')}); give validation data or monitor one of these.`,
    );
  }
  return value;
}
