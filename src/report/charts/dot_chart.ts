/** A row per category and a marker per group, for values close to each other, whose bars would look the same. */
import { maxOf, minOf } from '../../extent.js';
import { tickLabels } from './numbers.js';
import { type Colour, seriesColours } from './palette.js';
import { type Marker, drawMarker, markers } from './marker.js';
import { linearScale } from './scale.js';
import { type Drawing, line, shorten, text, textWidth, titled } from './svg.js';

export interface DotGroup {
  readonly label: string;
  /** One per category; null if missing. */
  readonly values: readonly (number | null)[];
}

export interface DotChart {
  readonly title: string;
  readonly categories: readonly string[];
  readonly groups: readonly DotGroup[];
  readonly xLabel: string;
  readonly format: (value: number) => string;
  readonly width?: number;
}

const size = 12;
const step = 26;

/** Values in 0 … 1; the axis starts near the smallest one. */
export function dotChart({ title, categories, groups, xLabel, format, width = 480 }: DotChart): Drawing {
  const labels = categories.map((name) => shorten(name, 170, size));
  const left = 30 + maxOf(labels.map((label) => textWidth(label, size)));
  const right = width - 30;
  const top = 70;
  const bottom = top + step * categories.length;
  const values = groups.flatMap(({ values }) => values.filter((value) => value !== null));
  const scale = linearScale(Math.min(1, minOf(values)), Math.max(0, maxOf(values)), left, right, { cap: 1 });
  const tickText = tickLabels(scale.ticks, 'percent');
  const axis = scale.ticks.map(
    (tick, i) =>
      line(scale.at(tick), top, scale.at(tick), bottom, 'grid') +
      text(scale.at(tick), bottom + 16, tickText[i]!, { size: 11, anchor: 'middle', colour: 'soft' }),
  );
  const rows = categories.map((name, i) => {
    const y = top + (i + 0.5) * step;
    const own = groups.flatMap(({ values }) => values[i] ?? []);
    const span =
      own.length > 1 ? line(scale.at(minOf(own)), y, scale.at(maxOf(own)), y, 'axis', { width: 2 }) : '';
    const dots = groups.map(({ label, values }, group) => {
      const value = values[i] ?? null;
      if (value === null) return '';
      const { marker, colour } = look(group);
      // Overlapping markers are shifted slightly above and below the line.
      const isCrowded = groups.some(
        (other, rival) =>
          rival !== group && Math.abs(scale.at(other.values[i] ?? Infinity) - scale.at(value)) < 8,
      );
      const lift = isCrowded ? (group / (groups.length - 1) - 0.5) * 12 : 0;
      return titled(
        drawMarker(marker, scale.at(value), y + lift, colour, group > 0),
        `${name}, ${label}: ${format(value)}`,
      );
    });
    return text(left - 14, y + 4, labels[i]!, { size, anchor: 'end' }) + span + dots.join('');
  });
  let x = left;
  const legend = groups.map(({ label }, group) => {
    const { marker, colour } = look(group);
    const entry = drawMarker(marker, x + 5, 48, colour, group > 0) + text(x + 16, 52, label, { size });
    x += 16 + textWidth(label, size) + 24;
    return entry;
  });
  const body = [
    text(16, 26, title, { size: 15, isBold: true }),
    ...legend,
    ...axis,
    ...rows,
    text((left + right) / 2, bottom + 34, xLabel, { size, anchor: 'middle', colour: 'soft' }),
  ];
  const said = categories.map((name, i) => {
    const own = groups.map(({ values }) => values[i] ?? null);
    return `${name} ${own.map((value) => (value === null ? 'none' : format(value))).join(' and ')}`;
  });
  return { width, height: bottom + 46, description: `${title}: ${said.join(', ')}.`, body: body.join('\n') };
}

function look(group: number): { readonly marker: Marker; readonly colour: Colour } {
  return { marker: markers[group % markers.length]!, colour: seriesColours[group % seriesColours.length]! };
}
