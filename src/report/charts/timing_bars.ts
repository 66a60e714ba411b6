/** Time per kernel of a training step: slowest first, small ones combined at the end. */
import type { KernelTime } from '../evaluation_file.js';
import { barChart } from './bar_chart.js';
import { percent } from './numbers.js';
import type { Drawing } from './svg.js';

/** Calls of one kernel and variant form one row, for all shapes. */
export interface KernelTotal {
  readonly kernel: string;
  readonly variant: string;
  readonly ms: number;
  readonly share: number;
  /** How many times the step runs it. */
  readonly count: number;
}

export function kernelTotals(times: readonly KernelTime[]): KernelTotal[] {
  const totals = new Map<string, KernelTotal>();
  for (const { kernel, variant, ms, share } of times) {
    const key = `${kernel}\n${variant}`;
    const before = totals.get(key) ?? { kernel, variant, ms: 0, share: 0, count: 0 };
    totals.set(key, {
      ...before,
      ms: before.ms + ms,
      share: before.share + share,
      count: before.count + 1,
    });
  }
  return [...totals.values()].sort((a, b) => b.ms - a.ms);
}

const shown = 12;

export function timingBars(times: readonly KernelTime[]): Drawing {
  const totals = kernelTotals(times);
  const rest = totals.slice(shown);
  const rows = [
    ...totals.slice(0, shown).map(({ kernel, variant, ms, share, count }) => ({
      name: `${kernel} · ${variant}${count > 1 ? ` · ${count}×` : ''}`,
      ms,
      share,
    })),
    ...(rest.length === 0
      ? []
      : [
          {
            name: `${rest.length} other${rest.length === 1 ? '' : 's'}`,
            ms: rest.reduce((sum, { ms }) => sum + ms, 0),
            share: rest.reduce((sum, { share }) => sum + share, 0),
          },
        ]),
  ];
  return barChart({
    title: 'Time of each kernel in one training step',
    categories: rows.map(({ name }) => name),
    groups: [{ label: 'time', values: rows.map(({ ms }) => ms) }],
    unit: 'number',
    xLabel: 'milliseconds per step',
    format: (ms, i) => `${ms.toFixed(2)} ms, ${percent(rows[i]!.share, 1)}`,
    labelWidth: 440,
    width: 880,
  });
}
