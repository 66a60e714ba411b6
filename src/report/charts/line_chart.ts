/**
 * Line chart over epochs. Lines differ in dash, marker and end label, not in colour alone.
 *
 * Lines break at missing values; infinities count as missing. On a logarithmic axis so do values up to 0.
 */
import { maxOf, minOf } from '../../extent.js';
import { tickLabels } from './numbers.js';
import { type Colour, paint } from './palette.js';
import { type Marker, drawMarker } from './marker.js';
import { type Scale, linearScale, logScale, niceTicks } from './scale.js';
import { type Drawing, line, px, shorten, text, textWidth, titled } from './svg.js';

export interface LineSeries {
  readonly label: string;
  readonly x: readonly number[];
  readonly y: readonly (number | null)[];
  readonly colour: Colour;
  readonly isDashed: boolean;
  readonly marker: Marker;
  /** Draws a ring around the point at this x. */
  readonly ringAt?: number;
}

/** A vertical line, labelled above the plot. */
export interface Mark {
  readonly x: number;
  readonly label: string;
  readonly isStrong?: boolean;
}

export interface LineChart {
  readonly title: string;
  readonly xLabel: string;
  /** The name of a value along the axis, if it is not shown as it is. */
  readonly nameOf?: (x: number) => string;
  readonly unit: 'percent' | 'number';
  readonly series: readonly LineSeries[];
  readonly marks?: readonly Mark[];
  /** Logarithmic if the largest value is more than 20 times the smallest. */
  readonly mayBeLog?: boolean;
  /** Starts at 0, for quantities compared by height; not on a logarithmic axis. */
  readonly fromZero?: boolean;
  readonly format: (value: number) => string;
  readonly width?: number;
  readonly height?: number;
}

const size = 12;
const rowHeight = 16;
/** Bold letters are wider by this factor. */
const boldness = 1.08;

/** The plot says so if there are no values. */
export function lineChart(chart: LineChart): Drawing {
  const { title, xLabel, nameOf = String, unit, marks = [], fromZero = false } = chart;
  const series = chart.series.map(thinned);
  const { format, width = 480, height = 340 } = chart;
  const values = series.flatMap(({ y }) => y.filter(isShown));
  const isLog = chart.mayBeLog === true && minOf(values) > 0 && ratioOf(values) > 20;
  const description = describe(chart, isLog);
  const heading = text(16, 26, isLog ? `${title}, logarithmic` : title, { size: 15, isBold: true });
  if (values.length === 0) {
    const empty = text(width / 2, height / 2, 'no values yet', { anchor: 'middle', colour: 'soft' });
    return { width, height, description, body: heading + empty };
  }

  const endLabels = series.map((one) => endLabel(one, format, width * 0.34 - 26));
  const right = 26 + maxOf(endLabels.map((label) => textWidth(label, size) * boldness));
  const shown = fromZero && !isLog ? [0, ...values] : values;
  const probe = verticalScale(shown, unit, isLog, 1, 0);
  const left = 22 + maxOf(tickLabels(probe.ticks, unit).map((label) => textWidth(label, size)));
  const xs = series.flatMap(({ x }) => x);
  const placed = placeMarks(
    marks,
    horizontalScale(xs, left, width - right),
    16,
    width - 12,
    minOf(xs),
    maxOf(xs),
  );
  const top = 46 + rowHeight * placed.rows;
  const bottom = height - 46;
  const x = horizontalScale(xs, left, width - right);
  const y = verticalScale(shown, unit, isLog, bottom, top);

  const body = [
    heading,
    drawAxes({ x, y, left, right: width - right, top, bottom, unit, xLabel, nameOf }),
    ...placed.marks.map(({ mark, row }) => markLine(mark, x.at(mark.x), row, bottom)),
    ...placed.marks.map(({ mark, row, textX }) => markLabel(mark, textX, row)),
    ...series.map((one) => drawLine(one, x, y, isLog)),
    ...drawEndLabels(series, endLabels, x, y, { isLog, left: width - right, top, bottom }),
    ...series.map((one) => drawPoints(one, x, y, { isLog, format, nameOf })),
  ];
  return { width, height, description, body: body.join('\n') };
}

/** More points than pixels are useless, and each is an element. */
const mostPoints = 1000;

/** Thins a longer line: keeps the ends, the point with the ring, and, of each stretch, the minimum, the maximum and a gap. */
function thinned(series: LineSeries): LineSeries {
  const { x, y, ringAt } = series;
  if (y.length <= mostPoints) return series;
  const stretch = Math.ceil((4 * y.length) / mostPoints);
  const kept = new Set([0, y.length - 1, ...(ringAt === undefined ? [] : [x.indexOf(ringAt)])]);
  for (let begin = 0; begin < y.length; begin += stretch) {
    let [least, most, gap] = [-1, -1, -1];
    for (let i = begin; i < Math.min(begin + stretch, y.length); i++) {
      const value = y[i]!;
      if (!isShown(value)) gap = i;
      else {
        if (least < 0 || value < y[least]!) least = i;
        if (most < 0 || value > y[most]!) most = i;
      }
    }
    for (const i of [least, most, gap]) kept.add(i);
  }
  const places = [...kept].filter((i) => i >= 0).sort((a, b) => a - b);
  return { ...series, x: places.map((i) => x[i]!), y: places.map((i) => y[i]!) };
}

function isShown(value: number | null): value is number {
  return value !== null && Number.isFinite(value);
}

function isDrawn(value: number | null, isLog: boolean): value is number {
  return isShown(value) && (!isLog || value > 0);
}

function ratioOf(values: readonly number[]): number {
  return maxOf(values) / minOf(values);
}

function describe({ title, series, format, nameOf = String }: LineChart, isLog: boolean): string {
  const parts = series.map(({ label, x, y }) => {
    const shown = y.filter(isShown);
    if (shown.length === 0) return `${label} without values`;
    return `${label} from ${format(shown[0]!)} to ${format(shown.at(-1)!)} at ${nameOf(x.at(-1)!)}`;
  });
  return `${title}${isLog ? ' on a logarithmic axis' : ''}: ${parts.join('; ')}.`;
}

/** Whole epochs; a single one is in the middle. */
function horizontalScale(xs: readonly number[], from: number, to: number): Scale {
  const min = minOf(xs);
  const max = maxOf(xs);
  if (min === max) return { ticks: [min], at: (value) => (from + to) / 2 + (value - min) * (to - from) };
  const wanted = niceTicks(min, max, Math.min(8, max - min));
  const whole = wanted.filter((tick) => Number.isInteger(tick) && tick > min && tick <= max);
  // The first epoch is 1, which is not a multiple of a round step.
  const step = (whole[1] ?? max) - (whole[0] ?? min);
  const ticks = [min, ...whole.filter((tick) => tick - min >= step * 0.6)];
  const inset = 10;
  return {
    ticks,
    at: (value) => from + inset + ((value - min) / (max - min)) * (to - from - 2 * inset),
  };
}

function verticalScale(
  values: readonly number[],
  unit: LineChart['unit'],
  isLog: boolean,
  from: number,
  to: number,
): Scale {
  const min = minOf(values);
  const max = maxOf(values);
  if (isLog) return logScale(min, max, from, to);
  return linearScale(min, max, from, to, unit === 'percent' ? { cap: 1 } : {});
}

interface Frame {
  readonly x: Scale;
  readonly y: Scale;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly unit: LineChart['unit'];
  readonly xLabel: string;
  readonly nameOf: (x: number) => string;
}

function drawAxes({ x, y, left, right, bottom, unit, xLabel, nameOf }: Frame): string {
  const labels = tickLabels(y.ticks, unit);
  const across = y.ticks.map((tick, i) => {
    const at = y.at(tick);
    return (
      line(left, at, right, at, 'grid') +
      text(left - 8, at + 4, labels[i]!, { size, anchor: 'end', colour: 'soft' })
    );
  });
  const below = x.ticks.map(
    (tick) =>
      line(x.at(tick), bottom, x.at(tick), bottom + 4, 'axis') +
      text(x.at(tick), bottom + 18, nameOf(tick), { size, anchor: 'middle', colour: 'soft' }),
  );
  return [
    ...across,
    line(left, bottom, right, bottom, 'axis'),
    ...below,
    text((left + right) / 2, bottom + 36, xLabel, { size, anchor: 'middle', colour: 'soft' }),
  ].join('');
}

// ---- labels above the plot ----

interface PlacedMark {
  readonly mark: Mark;
  readonly row: number;
  /** The centre of the label. */
  readonly textX: number;
}

/** Each label goes to the first row in which it overlaps no other. Omits marks outside the epochs. */
function placeMarks(
  marks: readonly Mark[],
  x: Scale,
  from: number,
  to: number,
  min: number,
  max: number,
): { readonly marks: readonly PlacedMark[]; readonly rows: number } {
  const ends: number[] = [];
  const inside = marks.filter((mark) => mark.x >= min && mark.x <= max).toSorted((a, b) => a.x - b.x);
  const placed = inside.map((mark) => {
    const half = textWidth(mark.label, 11) / 2;
    const textX = Math.max(from + half, Math.min(to - half, x.at(mark.x)));
    let row = ends.findIndex((end) => end + 10 <= textX - half);
    if (row < 0) row = ends.length;
    ends[row] = textX + half;
    return { mark, row, textX };
  });
  return { marks: placed, rows: ends.length };
}

/** The baseline of a row. */
function baselineOf(row: number): number {
  return 50 + row * rowHeight;
}

function markLine({ isStrong = false }: Mark, x: number, row: number, bottom: number): string {
  return line(x, baselineOf(row) + 4, x, bottom, isStrong ? 'ink' : 'axis', {
    dash: isStrong ? '1 4' : '6 4',
  });
}

/** With a background, so that lines from other rows pass behind it. */
function markLabel({ label, isStrong = false }: Mark, middle: number, row: number): string {
  const width = textWidth(label, 11) + 6;
  const baseline = baselineOf(row);
  return (
    `<rect x="${px(middle - width / 2)}" y="${px(baseline - 11)}" width="${px(width)}" height="14" ${paint({ fill: 'paper' })}/>` +
    text(middle, baseline, label, {
      size: 11,
      anchor: 'middle',
      colour: isStrong ? 'ink' : 'soft',
      isBold: isStrong,
    })
  );
}

// ---- lines ----

function drawLine({ x: xs, y: ys, colour, isDashed }: LineSeries, x: Scale, y: Scale, isLog: boolean) {
  let pen = 'M';
  const path = ys.map((value, i) => {
    if (!isDrawn(value, isLog)) {
      pen = 'M';
      return '';
    }
    const step = `${pen}${px(x.at(xs[i]!))} ${px(y.at(value))}`;
    pen = 'L';
    return step;
  });
  const dash = isDashed ? ' stroke-dasharray="6 4"' : '';
  return `<path d="${path.join('')}" stroke-width="2" stroke-linejoin="round"${dash} ${paint({ stroke: colour })}/>`;
}

/** Every point has a tooltip; markers are spaced out, so that a long line remains a line. */
function drawPoints(
  { label, x: xs, y: ys, colour, isDashed, marker, ringAt }: LineSeries,
  x: Scale,
  y: Scale,
  {
    isLog,
    format,
    nameOf,
  }: {
    readonly isLog: boolean;
    readonly format: LineChart['format'];
    readonly nameOf: (x: number) => string;
  },
): string {
  const spacing = xs.length > 1 ? Math.abs(x.at(xs[1]!) - x.at(xs[0]!)) : Infinity;
  const every = Math.max(1, Math.ceil(12 / spacing));
  return ys
    .map((value, i) => {
      if (!isDrawn(value, isLog)) return '';
      const at = { x: x.at(xs[i]!), y: y.at(value) };
      const ring =
        xs[i] === ringAt
          ? `<circle cx="${px(at.x)}" cy="${px(at.y)}" r="8" stroke-width="2" ${paint({ stroke: 'ink' })}/>`
          : '';
      const isMarked = i % every === 0 || i === ys.length - 1 || ring !== '';
      const point = isMarked
        ? drawMarker(marker, at.x, at.y, colour, isDashed)
        : `<circle cx="${px(at.x)}" cy="${px(at.y)}" r="5" fill="none" pointer-events="all"/>`;
      return titled(point + ring, `${label}, ${nameOf(xs[i]!)}: ${format(value)}`);
    })
    .join('');
}

// ---- labels at the ends of the lines ----

/** The name and the last value; a long name is shortened. */
function endLabel({ label, y }: LineSeries, format: LineChart['format'], room: number): string {
  const last = y.findLast(isShown);
  const value = last === undefined ? '' : ` ${format(last)}`;
  return shorten(label, room - textWidth(value, size), size) + value;
}

function drawEndLabels(
  series: readonly LineSeries[],
  labels: readonly string[],
  x: Scale,
  y: Scale,
  {
    isLog,
    left,
    top,
    bottom,
  }: {
    readonly isLog: boolean;
    readonly left: number;
    readonly top: number;
    readonly bottom: number;
  },
): string[] {
  const shown = series.flatMap((one, i) => {
    const last = one.y.findLastIndex((value) => isDrawn(value, isLog));
    return last < 0 ? [] : [{ one, label: labels[i]!, x: x.at(one.x[last]!), y: y.at(one.y[last]!) }];
  });
  const heights = spread(
    shown.map((end) => end.y),
    rowHeight,
    top,
    bottom,
  );
  return shown.map(({ one, label, ...end }, i) => {
    const at = heights[i]!;
    const leader = line(end.x + 6, end.y, left + 4, at, one.colour, { width: 1, dash: '1 2' });
    return leader + text(left + 8, at + 4, label, { size, colour: one.colour, isBold: true });
  });
}

/** Moves positions until neighbours are `gap` apart, keeping their order and staying within low … high. */
export function spread(places: readonly number[], gap: number, low: number, high: number): number[] {
  const order = places.map((_, i) => i).sort((a, b) => places[a]! - places[b]! || a - b);
  const moved = [...places];
  order.forEach((i, rank) => {
    const before = rank === 0 ? -Infinity : moved[order[rank - 1]!]! + gap;
    moved[i] = Math.max(moved[i]!, before, low);
  });
  let limit = high;
  for (const i of order.toReversed()) {
    const place = Math.min(moved[i]!, limit);
    moved[i] = place;
    limit = place - gap;
  }
  return moved;
}
