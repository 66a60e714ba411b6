/** Accuracy and loss over the epochs of one training: training solid, validation dashed. */
import { checkCall } from '../../calls.js';
import { type Rules, count, required, rule } from '../../options.js';
import type { EpochHistory } from '../history.js';
import { type LineSeries, type Mark, lineChart } from './line_chart.js';
import { percent, rate } from './numbers.js';
import type { Drawing } from './svg.js';

export interface HistoryChartOptions {
  readonly history: EpochHistory;
  /** The epoch whose weights were kept. */
  readonly bestEpoch?: number;
}

const rules = (): Rules<HistoryChartOptions> => ({
  history: required(
    rule('a history from fit()', (value) => {
      const { epochs, metrics } = (value ?? {}) as Partial<EpochHistory>;
      return Array.isArray(epochs) && typeof metrics === 'object' && metrics !== null;
    }),
  ),
  bestEpoch: count,
});

export function accuracyChart(options: HistoryChartOptions): Drawing {
  checkCall('charts.accuracy', options, rules);
  const { history, bestEpoch } = options;
  return lineChart({
    title: 'Accuracy',
    xLabel: 'epoch',
    unit: 'percent',
    series: seriesOf(history, 'accuracy', bestEpoch),
    marks: marksOf(history, bestEpoch),
    format: percent,
  });
}

export function lossChart(options: HistoryChartOptions): Drawing {
  checkCall('charts.loss', options, rules);
  const { history, bestEpoch } = options;
  return lineChart({
    title: 'Loss',
    xLabel: 'epoch',
    unit: 'number',
    mayBeLog: true,
    series: seriesOf(history, 'loss', bestEpoch),
    marks: marksOf(history, bestEpoch),
    format: (value) => value.toFixed(4),
  });
}

function seriesOf({ epochs, metrics }: EpochHistory, metric: string, bestEpoch?: number): LineSeries[] {
  const training = metrics[metric];
  const validation = metrics[`val_${metric}`];
  return [
    ...(training
      ? [
          {
            label: 'training',
            x: epochs,
            y: training,
            colour: 'blue',
            isDashed: false,
            marker: 'circle',
          } as const,
        ]
      : []),
    ...(validation
      ? [
          {
            label: 'validation',
            x: epochs,
            y: validation,
            colour: 'orange',
            isDashed: true,
            marker: 'square',
            ...(bestEpoch === undefined ? {} : { ringAt: bestEpoch }),
          } as const,
        ]
      : []),
  ];
}

function marksOf(history: EpochHistory, bestEpoch?: number): Mark[] {
  return [
    ...rateDrops(history).map(({ epoch, rate: next }) => ({ x: epoch - 0.5, label: `rate ${rate(next)}` })),
    ...(bestEpoch === undefined ? [] : [{ x: bestEpoch, label: `best: ${bestEpoch}`, isStrong: true }]),
  ];
}

const mostDrops = 30;

export interface RateDrop {
  /** The first epoch with the new rate. */
  readonly epoch: number;
  readonly rate: number;
}

/**
 * The epochs in which the learning rate was lowered, on a plateau or by a step schedule.
 *
 * Empty for a schedule that changes the rate in more than a third of the epochs, or more than 30 times: the marks would cover
 * the chart.
 */
export function rateDrops({ epochs, metrics }: EpochHistory): RateDrop[] {
  const rates = metrics['learning_rate'] ?? [];
  const changes = rates.flatMap((value, i) => (i > 0 && value !== rates[i - 1] ? [i] : []));
  if (changes.length > Math.min(mostDrops, rates.length / 3)) return [];
  return changes.flatMap((i) => {
    const [before, next] = [rates[i - 1], rates[i]];
    return typeof before === 'number' && typeof next === 'number' && next < before
      ? [{ epoch: epochs[i]!, rate: next }]
      : [];
  });
}
