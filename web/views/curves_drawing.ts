/** One curve on a canvas: axes, ends of epochs, every step faint, their mean strong, validation, the cursor. */
import { tickLabels } from '../../src/report/charts/numbers.js';
import type { Colour } from '../../src/report/charts/palette.js';
import { type Scale, linearScale, logScale, niceTicks } from '../../src/report/charts/scale.js';
import { colourOf } from '../theme_switch.js';
import { type StepSeries, drawnPlaces, limitsOf, nearestPlace } from './curves_series.js';

export interface CurveData {
  readonly unit: 'percent' | 'number';
  /** Values of every step. */
  readonly training: StepSeries;
  /** Values at the end of each epoch. */
  readonly validation: StepSeries;
}

/** View options. */
export interface Look {
  /** Logarithmic axis for numbers; for percentages, an axis from the lowest value of the second half. */
  readonly isClose: boolean;
  /** The step under the cursor; null for none. */
  readonly step: number | null;
}

const colourNames = ['ink', 'soft', 'axis', 'grid', 'blue', 'orange', 'paper'] as const satisfies Colour[];
export type Palette = Readonly<Record<(typeof colourNames)[number], string>>;

/** The current colours of the page. */
export function paletteNow(): Palette {
  return Object.fromEntries(colourNames.map((name) => [name, colourOf(name)])) as Palette;
}

/** The plot area on the canvas, and the steps at its edges. */
export interface Frame {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly first: number;
  readonly last: number;
}

interface Places {
  readonly x: (step: number) => number;
  readonly y: (value: number) => number;
}

const fontSize = 12;
/** Minimum distance between lines of text. */
const lineHeight = 16;
const inset = { top: 8, bottom: 24, right: 6 };
/** Minimum width of the labels, so that adjacent curves usually align. */
const leastLeft = 44;
/** Limit of validation points with markers: more would form a band. */
const mostMarkers = 60;

/** Fits the canvas to its size on the page and draws. Undefined if it is hidden. */
export function drawCurve(
  canvas: HTMLCanvasElement,
  data: CurveData,
  look: Look,
  palette: Palette,
): Frame | undefined {
  const { clientWidth: width, clientHeight: height } = canvas;
  const pen = canvas.getContext('2d');
  if (!pen || width === 0) return undefined;
  fit(canvas, width, height);
  pen.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.font = `${fontSize}px ${getComputedStyle(canvas).fontFamily}`;

  const { training, validation, unit } = data;
  const bottom = height - inset.bottom;
  const scale = verticalScale(data, look.isClose, bottom, inset.top);
  const labels = tickLabels(scale.ticks, unit);
  const widest = Math.max(...labels.map((label) => pen.measureText(label).width));
  const first = training.steps[0] ?? 1;
  const last = Math.max(training.steps.at(-1) ?? 0, validation.steps.at(-1) ?? 0, first + 9);
  const frame = {
    left: Math.max(leastLeft, Math.ceil(widest) + 10),
    right: width - inset.right,
    top: inset.top,
    bottom,
    first,
    last,
  };
  const at: Places = {
    x: (step) => frame.left + ((step - first) / (last - first)) * (frame.right - frame.left),
    // Replaces the logarithm of 0 by a position far below the plot.
    y: (value) => scale.at(isLog(unit, look) ? Math.max(value, Number.MIN_VALUE) : value),
  };

  drawVerticalAxis(pen, frame, scale, labels, palette);
  drawSteps(pen, frame, at, palette);
  drawEpochs(pen, frame, validation, at, palette);
  pen.save();
  // The axis fits the mean; single batches may lie far outside.
  pen.beginPath();
  pen.rect(frame.left, frame.top - 5, width - frame.left, bottom - frame.top + 6);
  pen.clip();
  drawTraining(pen, frame, training, at, palette);
  drawValidation(pen, validation, at, palette);
  pen.restore();
  if (look.step !== null) drawCursor(pen, frame, training, look.step, at, palette);
  return frame;
}

/** Uses device pixels, so that the canvas is sharp at any zoom. */
function fit(canvas: HTMLCanvasElement, width: number, height: number): void {
  const [wanted, high] = [Math.round(width * devicePixelRatio), Math.round(height * devicePixelRatio)];
  // Setting either, even to the same value, clears the canvas.
  if (canvas.width !== wanted) canvas.width = wanted;
  if (canvas.height !== high) canvas.height = high;
}

function isLog(unit: CurveData['unit'], { isClose }: Look): boolean {
  return unit === 'number' && isClose;
}

function verticalScale(
  { unit, training, validation }: CurveData,
  isClose: boolean,
  from: number,
  to: number,
): Scale {
  const count = Math.max(2, Math.round((from - to) / 34));
  if (unit === 'percent') {
    const half = Math.floor(training.length / 2);
    const reached = limitsOf([training.means.slice(half), validation.values.slice(validation.length >> 1)]);
    return linearScale(isClose ? (reached?.min ?? 0) : 0, 1, from, to, { count, cap: 1 });
  }
  const limits = limitsOf([training.means, validation.values], isClose);
  if (isClose && limits) return logScale(limits.min, limits.max, from, to);
  return linearScale(0, limits?.max ?? 2.5, from, to, { count });
}

// ---- axes ----

function drawVerticalAxis(
  pen: CanvasRenderingContext2D,
  { left, right }: Frame,
  scale: Scale,
  labels: readonly string[],
  palette: Palette,
): void {
  pen.lineWidth = 1;
  pen.fillStyle = palette.soft;
  pen.textBaseline = 'middle';
  pen.textAlign = 'right';
  let below = Infinity;
  scale.ticks.forEach((tick, i) => {
    const at = Math.round(scale.at(tick)) + 0.5;
    pen.strokeStyle = i === 0 ? palette.axis : palette.grid;
    segment(pen, left, at, right, at);
    // A logarithmic axis may have more ticks than labels fit.
    if (below - at < lineHeight) return;
    below = at;
    pen.fillText(labels[i]!, left - 8, at);
  });
}

function drawSteps(
  pen: CanvasRenderingContext2D,
  { left, right, bottom, first, last }: Frame,
  at: Places,
  palette: Palette,
): void {
  pen.fillStyle = palette.soft;
  pen.textBaseline = 'top';
  pen.textAlign = 'center';
  let before = -Infinity;
  for (const tick of niceTicks(first, last, Math.max(2, (right - left) / 56))) {
    if (!Number.isInteger(tick) || tick < first || tick > last) continue;
    const label = tick.toLocaleString('en-US');
    const half = pen.measureText(label).width / 2;
    const middle = Math.min(right + inset.right - half, Math.max(left + half, at.x(tick)));
    if (middle - half < before + 12) continue;
    before = middle + half;
    pen.fillText(label, middle, bottom + 8);
  }
}

/** Hairlines at the ends of epochs, while there is room between them. */
function drawEpochs(
  pen: CanvasRenderingContext2D,
  { left, right, top, bottom }: Frame,
  { steps }: StepSeries,
  at: Places,
  palette: Palette,
): void {
  if (steps.length === 0 || (right - left) / steps.length < 16) return;
  pen.strokeStyle = palette.grid;
  for (const step of steps) {
    const x = Math.round(at.x(step)) + 0.5;
    segment(pen, x, top, x, bottom);
  }
}

// ---- lines ----

function drawTraining(
  pen: CanvasRenderingContext2D,
  { left, right }: Frame,
  { steps, values, means }: StepSeries,
  at: Places,
  palette: Palette,
): void {
  const columns = Math.max(1, Math.round(right - left));
  pen.strokeStyle = palette.blue;
  pen.lineJoin = 'bevel';
  pen.lineWidth = 1;
  pen.globalAlpha = 0.26;
  stroke(pen, steps, values, columns, at);
  pen.lineJoin = 'round';
  pen.lineWidth = 2;
  pen.globalAlpha = 1;
  stroke(pen, steps, means, columns, at);
}

/** Dashed with square markers, to distinguish it from training without colour, as in the reports. */
function drawValidation(
  pen: CanvasRenderingContext2D,
  { steps, values }: StepSeries,
  at: Places,
  palette: Palette,
): void {
  pen.strokeStyle = palette.orange;
  pen.setLineDash([6, 4]);
  stroke(pen, steps, values, mostMarkers, at);
  pen.setLineDash([]);
  pen.fillStyle = palette.orange;
  pen.strokeStyle = palette.paper;
  pen.lineWidth = 1;
  for (const place of drawnPlaces(steps, values, mostMarkers)) {
    const [x, y] = [at.x(steps[place]!), at.y(values[place]!)];
    pen.fillRect(x - 3.5, y - 3.5, 7, 7);
    pen.strokeRect(x - 4, y - 4, 8, 8);
  }
}

function stroke(
  pen: CanvasRenderingContext2D,
  xs: readonly number[],
  ys: readonly number[],
  columns: number,
  at: Places,
): void {
  pen.beginPath();
  for (const place of drawnPlaces(xs, ys, columns)) pen.lineTo(at.x(xs[place]!), at.y(ys[place]!));
  pen.stroke();
}

function drawCursor(
  pen: CanvasRenderingContext2D,
  { top, bottom }: Frame,
  { steps, means, values }: StepSeries,
  step: number,
  at: Places,
  palette: Palette,
): void {
  const place = nearestPlace(steps, step);
  if (place < 0) return;
  const x = at.x(steps[place]!);
  const line = Math.round(x) + 0.5;
  pen.strokeStyle = palette.ink;
  pen.lineWidth = 1;
  segment(pen, line, top, line, bottom);
  pen.fillStyle = palette.blue;
  dot(pen, x, at.y(values[place]!), 2, top, bottom);
  dot(pen, x, at.y(means[place]!), 4, top, bottom);
}

function dot(
  pen: CanvasRenderingContext2D,
  x: number,
  y: number,
  radius: number,
  top: number,
  bottom: number,
) {
  if (!(y >= top - radius && y <= bottom + radius)) return;
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  pen.fill();
}

function segment(pen: CanvasRenderingContext2D, x1: number, y1: number, x2: number, y2: number): void {
  pen.beginPath();
  pen.moveTo(x1, y1);
  pen.lineTo(x2, y2);
  pen.stroke();
}
