/** Horizontal bars, one or several per category; bars of the first group are filled, of the others hollow. */
import { maxOf } from '../../extent.js';
import { checkCall } from '../../calls.js';
import {
  type Rules,
  fn,
  list,
  nested,
  oneOf,
  positive,
  required,
  rule,
  text as textRule,
} from '../../options.js';
import { tickLabels } from './numbers.js';
import { paint, seriesColours } from './palette.js';
import { linearScale } from './scale.js';
import { type Drawing, line, px, shorten, text, textWidth, titled } from './svg.js';

export interface BarGroup {
  readonly label: string;
  readonly values: readonly number[];
}

export interface BarChart {
  readonly title: string;
  readonly categories: readonly string[];
  readonly groups: readonly BarGroup[];
  readonly unit: 'percent' | 'number';
  readonly xLabel: string;
  /** The label at the end of a bar. */
  readonly format: (value: number, category: number, group: number) => string;
  readonly width?: number;
  /** Maximum width of a category's name, in pixels. */
  readonly labelWidth?: number;
}

const size = 12;

const rules = (): Rules<BarChart> => ({
  title: required(textRule),
  categories: required(list('a list of strings', textRule)),
  groups: required(
    list(
      'a list of groups',
      nested<BarGroup>({
        label: required(textRule),
        // NaN has no bar.
        values: required(
          list(
            'a list of numbers',
            rule('a number', (value) => typeof value === 'number'),
          ),
        ),
      }),
    ),
  ),
  unit: required(oneOf(['percent', 'number'])),
  xLabel: required(textRule),
  format: required(fn),
  width: positive,
  labelWidth: positive,
});

export function barChart(chart: BarChart): Drawing {
  checkCall('charts.bars', chart, rules);
  const { title, categories, groups, unit, xLabel, format, width = 480, labelWidth = 150 } = chart;
  const labels = categories.map((name) => shorten(name, labelWidth, size));
  const left = 24 + maxOf(labels.map((label) => textWidth(label, size)));
  const ends = groups.flatMap(({ values }, group) => values.map((value, i) => format(value, i, group)));
  const right = 20 + maxOf(ends.map((label) => textWidth(label, 11)));
  const hasLegend = groups.length > 1;
  const top = hasLegend ? 66 : 44;
  const thickness = groups.length > 1 ? 12 : 16;
  const step = groups.length * (thickness + 2) + 8;
  const bottom = top + step * categories.length;
  const largest = Math.max(0, maxOf(groups.flatMap(({ values }) => values.filter(Number.isFinite))));
  const scale = linearScale(0, largest || 1, left, width - right, unit === 'percent' ? { cap: 1 } : {});
  const tickText = tickLabels(scale.ticks, unit);

  const axis = scale.ticks.map(
    (tick, i) =>
      line(scale.at(tick), top, scale.at(tick), bottom, i === 0 ? 'axis' : 'grid') +
      text(scale.at(tick), bottom + 16, tickText[i]!, { size: 11, anchor: 'middle', colour: 'soft' }),
  );
  const bars = categories.map((name, i) => {
    const y = top + i * step + 4;
    const middle = y + (step - 8) / 2;
    const own = groups.map(({ label, values }, group) => {
      const value = values[i]!;
      const at = y + group * (thickness + 2);
      const end = scale.at(Number.isFinite(value) ? value : 0);
      const words = hasLegend ? `${name}, ${label}` : name;
      return (
        titled(
          bar(left, at, Math.max(0, end - left), thickness, group),
          `${words}: ${format(value, i, group)}`,
        ) + text(end + 6, at + thickness / 2 + 4, format(value, i, group), { size: 11, colour: 'soft' })
      );
    });
    return text(left - 8, middle + 4, labels[i]!, { size, anchor: 'end' }) + own.join('');
  });
  const body = [
    text(16, 26, title, { size: 15, isBold: true }),
    hasLegend ? legend(groups, left) : '',
    ...axis,
    ...bars,
    text((left + width - right) / 2, bottom + 34, xLabel, { size, anchor: 'middle', colour: 'soft' }),
  ];
  const said = categories.map(
    (name, i) => `${name} ${groups.map(({ values }, group) => format(values[i]!, i, group)).join(' and ')}`,
  );
  return {
    width,
    height: bottom + 46,
    description: `${title}: ${said.join(', ')}.`,
    body: body.join('\n'),
  };
}

function bar(x: number, y: number, length: number, thickness: number, group: number): string {
  const colour = seriesColours[group % seriesColours.length]!;
  const style =
    group === 0 ? paint({ fill: colour }) : `stroke-width="1.5" ${paint({ fill: 'paper', stroke: colour })}`;
  const inset = group === 0 ? 0 : 0.75;
  return `<rect x="${px(x)}" y="${px(y + inset)}" width="${px(Math.max(0, length - inset))}" height="${px(thickness - 2 * inset)}" ${style}/>`;
}

function legend(groups: readonly BarGroup[], left: number): string {
  let x = left;
  return groups
    .map(({ label }, group) => {
      const entry = bar(x, 42, 16, 12, group) + text(x + 22, 52, label, { size });
      x += 22 + textWidth(label, size) + 26;
      return entry;
    })
    .join('');
}
