/** The curve of a search for a learning rate: the loss over the rate, with the suggestion. */
import { checkCall } from '../../calls.js';
import { maxOf, minOf } from '../../extent.js';
import { type Rules, list, positive, required, rule } from '../../options.js';
import { lineChart } from './line_chart.js';
import type { Drawing } from './svg.js';

/** A result of `findLearningRate`. */
export interface RateSearchCurve {
  readonly rates: readonly number[];
  readonly losses: readonly number[];
  readonly smoothed: readonly number[];
  readonly suggestion?: number | undefined;
}

const numbers = () =>
  required(
    list(
      'a list of numbers',
      rule('a number', (value) => typeof value === 'number'),
    ),
  );

const rules = (): Rules<RateSearchCurve> => ({
  rates: numbers(),
  losses: numbers(),
  smoothed: numbers(),
  suggestion: positive,
});

/** Losses above the highest before the minimum by this factor are cut off: a diverging loss would flatten the curve. */
const headroom = 1.25;

/** Throws: UsageError for anything but a result of `findLearningRate`. */
export function rateSearchChart(search: RateSearchCurve): Drawing {
  checkCall('charts.rateSearch', search, rules);
  const { rates, losses, smoothed, suggestion } = search;
  const x = rates.map(Math.log10);
  const lowest = smoothed.indexOf(minOf(smoothed.filter(Number.isFinite)));
  const highest = headroom * maxOf([...losses.slice(0, lowest + 1), ...smoothed.slice(0, lowest + 1)]);
  const cut = (values: readonly number[]): (number | null)[] =>
    values.map((value) => (value <= highest ? value : null));
  const curve = { x, isDashed: false, marker: 'circle' } as const;
  return lineChart({
    title: 'Loss by learning rate',
    xLabel: 'learning rate',
    nameOf: (power) => rateText(10 ** power),
    unit: 'number',
    series: [
      { ...curve, label: 'loss', y: cut(losses), colour: 'orange', isDashed: true, marker: 'square' },
      { ...curve, label: 'smoothed', y: cut(smoothed), colour: 'blue' },
    ],
    marks:
      suggestion === undefined
        ? []
        : [{ x: Math.log10(suggestion), label: `suggested ${rateText(suggestion)}`, isStrong: true }],
    format: (value) => value.toFixed(3),
    width: 640,
  });
}

/** `1e-3`, `3.5e-4`. */
export function rateText(rate: number): string {
  return Number(rate.toPrecision(2)).toExponential();
}
