/**
 * Curves of a training on a canvas: every step faint, their running mean strong, validation at the ends of epochs.
 *
 * A canvas, because a few thousand points several times a second would be as many elements to a drawing. It is redrawn
 * when asked, once per frame at most, and not at all while the page is hidden. The cursor, by pointer or by keys, is
 * read out in words; whoever sees no canvas has the table beside it.
 */
import type { Colour } from '../../src/report/charts/palette.js';
import { grouped, tickLabels } from '../../src/report/charts/numbers.js';
import { type Scale, linearScale, logScale, niceTicks } from '../../src/report/charts/scale.js';
import { element, setAttribute } from '../elements.js';
import { Store } from '../store.js';
import { colourOf, onThemeChange } from '../theme_switch.js';
import { onceAFrame } from './once_a_frame.js';
import { StepSeries, drawnPlaces, limitsOf, nearestPlace } from './curves_series.js';

export interface CurveOptions {
  readonly title: string;
  readonly unit: 'percent' | 'number';
  readonly format: (value: number) => string;
  /** Every step's, which whoever fills it asks to be redrawn. */
  readonly training: StepSeries;
  /** At the ends of epochs, likewise. */
  readonly validation: StepSeries;
  /** The step that is looked at, shared by the curves beside each other; null for none. */
  readonly cursor: Store<number | null>;
  /** Offers a logarithmic axis. */
  readonly mayBeLog?: boolean;
}

export interface Curve {
  readonly root: HTMLElement;
  /** Draws before the next frame. */
  redraw(): void;
}

const colourNames = ['ink', 'soft', 'axis', 'grid', 'blue', 'orange', 'paper'] as const satisfies Colour[];
type Palette = Readonly<Record<(typeof colourNames)[number], string>>;

const fontSize = 12;
const lineHeight = 20;
/** Of validation, in columns of up to four: beyond that they would be a band. */
const mostMarkers = 60;
const inset = { top: 8, bottom: 24, right: 6 };

export function curve(options: CurveOptions): Curve {
  const { title, format, training, validation, cursor, mayBeLog = false } = options;
  const readout = element('div', { class: 'curve-readout' });
  const canvas = element('canvas', { 'aria-hidden': 'true' });
  const pad = element(
    'div',
    {
      class: 'curve-pad',
      role: 'slider',
      tabindex: 0,
      'aria-label': `${title} by step: arrow keys read it out`,
      'aria-valuemin': 0,
    },
    canvas,
  );
  const log = element('input', { type: 'checkbox' });
  const heading = element('h3', {}, title);
  const root = element(
    'figure',
    { class: 'curve' },
    element(
      'figcaption',
      {},
      heading,
      readout,
      ...(mayBeLog ? [element('label', { class: 'check' }, log, element('span', {}, 'log'))] : []),
    ),
    pad,
  );

  let palette = paletteNow();
  let frame: Frame | undefined;
  const redraw = onceAFrame(() => {
    frame = draw(canvas, options, log.checked, palette);
    readout.replaceChildren(...readoutOf(options, cursor.value));
  });
  // Not at every redraw: a screen reader would read out each new number.
  const describe = (): void => {
    const last = training.steps.at(-1) ?? 0;
    const step = cursor.value ?? last;
    setAttribute(pad, 'aria-valuemax', last);
    setAttribute(pad, 'aria-valuenow', step);
    setAttribute(pad, 'aria-valuetext', wordsOf(options, step));
  };

  onThemeChange(() => {
    palette = paletteNow();
    redraw();
  });
  log.addEventListener('change', redraw);
  new ResizeObserver(redraw).observe(pad);
  cursor.listen(() => {
    redraw();
    describe();
  });
  followPointer(pad, (x) => cursor.set(x === null || !frame ? null : stepAt(training, frame, x)));
  pad.addEventListener('keydown', (event) => {
    const place = placeByKey(event.key, training, cursor.value);
    if (place === undefined) return;
    event.preventDefault();
    cursor.set(place === null ? null : (training.steps[place] ?? null));
  });
  pad.addEventListener('focus', describe);
  pad.addEventListener('blur', () => cursor.set(null));
  describe();
  redraw();
  return { root, redraw };
}

/** The newest numbers, or those at the cursor with its batch's own. */
function readoutOf({ format, training, validation }: CurveOptions, step: number | null): HTMLElement[] {
  const place = step === null ? training.length - 1 : nearestPlace(training.steps, step);
  if (place < 0) return [];
  const mean = format(training.means[place]!);
  const tested = validationAt(validation, step);
  return [
    ...(step === null ? [] : [element('span', {}, `step ${grouped(training.steps[place]!)}`)]),
    key('training', step === null ? mean : `${mean} (${format(training.values[place]!)})`),
    ...(tested === undefined ? [] : [key('validation', format(tested))]),
  ];
}

/** The validation that was the latest at that step; the last one where no step is looked at. */
function validationAt(validation: StepSeries, step: number | null): number | undefined {
  if (step === null) return validation.values.at(-1);
  const place = validation.steps.findLastIndex((end) => end <= step);
  return validation.values[place];
}

function key(kind: 'training' | 'validation', text: string): HTMLElement {
  const sample = element('i', { class: `curve-key ${kind}`, 'aria-hidden': 'true' });
  return element('span', {}, sample, `${kind} `, element('b', {}, text));
}

/** `Step 311: training 0.12 (this batch 0.34), validation 0.10.` */
function wordsOf({ title, format, training, validation }: CurveOptions, step: number): string {
  const place = nearestPlace(training.steps, step);
  if (place < 0) return `${title}: no numbers yet`;
  const at = training.steps[place]!;
  const tested = validationAt(validation, at);
  const last = tested === undefined ? '' : `, validation ${format(tested)}`;
  return `Step ${at}: training ${format(training.means[place]!)}, this batch ${format(training.values[place]!)}${last}`;
}

// ---- the cursor ----

function followPointer(pad: HTMLElement, at: (x: number | null) => void): void {
  const move = (event: PointerEvent): void => at(event.clientX - pad.getBoundingClientRect().left);
  pad.addEventListener('pointermove', move);
  pad.addEventListener('pointerdown', move);
  pad.addEventListener('pointerleave', () => at(null));
}

function stepAt(training: StepSeries, { x, left, right }: Frame, at: number): number | null {
  const within = Math.min(right, Math.max(left, at));
  const place = nearestPlace(training.steps, x.from + ((within - left) / (right - left)) * (x.to - x.from));
  return training.steps[place] ?? null;
}

/** The place that a key leads to; null leaves, undefined is another key. */
export function placeByKey(
  key: string,
  { steps, length }: Pick<StepSeries, 'steps' | 'length'>,
  step: number | null,
): number | null | undefined {
  const last = length - 1;
  const place = step === null ? last : nearestPlace(steps, step);
  const page = Math.max(1, Math.round(length / 10));
  const moves: Readonly<Record<string, number>> = {
    ArrowLeft: -1,
    ArrowDown: -1,
    ArrowRight: 1,
    ArrowUp: 1,
    PageDown: -page,
    PageUp: page,
    Home: -length,
    End: length,
  };
  if (key === 'Escape') return step === null ? undefined : null;
  const move = moves[key];
  if (move === undefined) return undefined;
  return last < 0 ? null : Math.min(last, Math.max(0, place + move));
}

// ---- drawing ----

interface Frame {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly x: { readonly from: number; readonly to: number };
}

function paletteNow(): Palette {
  return Object.fromEntries(colourNames.map((name) => [name, colourOf(name)])) as Palette;
}

function draw(
  canvas: HTMLCanvasElement,
  { unit, training, validation, cursor }: CurveOptions,
  isLog: boolean,
  palette: Palette,
): Frame | undefined {
  const { clientWidth: width, clientHeight: height } = canvas;
  const pen = canvas.getContext('2d');
  if (!pen || width === 0) return undefined;
  const density = devicePixelRatio;
  if (canvas.width !== Math.round(width * density) || canvas.height !== Math.round(height * density)) {
    canvas.width = Math.round(width * density);
    canvas.height = Math.round(height * density);
  }
  pen.setTransform(density, 0, 0, density, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.font = `${fontSize}px ${getComputedStyle(canvas).fontFamily}`;

  const bottom = height - inset.bottom;
  const y = verticalScale(
    [training.means, validation.values],
    unit,
    isLog,
    bottom,
    inset.top,
    bottom - inset.top,
  );
  const labels = tickLabels(y.ticks, unit);
  const left = Math.ceil(Math.max(...labels.map((label) => pen.measureText(label).width))) + 10;
  const first = training.steps[0] ?? 1;
  const last = Math.max(training.steps.at(-1) ?? 0, validation.steps.at(-1) ?? 0, first + 9);
  const frame: Frame = {
    left,
    right: width - inset.right,
    top: inset.top,
    bottom,
    x: { from: first, to: last },
  };
  const atX = (step: number): number => left + ((step - first) / (last - first)) * (frame.right - left);
  const atY = (value: number): number => y.at(isLog ? Math.max(value, Number.MIN_VALUE) : value);

  drawAxes(pen, frame, y, labels, atX, palette);
  drawEpochs(pen, frame, validation, atX, palette);
  // Single batches may lie far outside of what their mean needs.
  pen.save();
  pen.beginPath();
  pen.rect(left, frame.top - 2, frame.right - left + inset.right, bottom - frame.top + 3);
  pen.clip();
  const columns = Math.max(1, Math.round(frame.right - left));
  const line = (ys: readonly number[], style: Partial<CanvasRenderingContext2D>): void => {
    Object.assign(pen, style);
    tracePath(pen, training.steps, ys, columns, atX, atY);
    pen.stroke();
  };
  line(training.values, { strokeStyle: palette.blue, lineWidth: 1, globalAlpha: 0.26, lineJoin: 'bevel' });
  line(training.means, { strokeStyle: palette.blue, lineWidth: 2, globalAlpha: 1, lineJoin: 'round' });
  drawValidation(pen, validation, atX, atY, palette);
  pen.restore();
  if (cursor.value !== null) drawCursor(pen, frame, training, cursor.value, atX, atY, palette);
  return frame;
}

function verticalScale(
  lists: readonly (readonly number[])[],
  unit: CurveOptions['unit'],
  isLog: boolean,
  from: number,
  to: number,
  room: number,
): Scale {
  const count = Math.max(2, Math.floor(room / 36));
  const limits = limitsOf(lists, isLog);
  if (isLog && limits) return logScale(limits.min, limits.max, from, to);
  if (unit === 'percent') return linearScale(0, 1, from, to, { count, cap: 1 });
  return linearScale(0, limits?.max ?? 2.5, from, to, { count });
}

function drawAxes(
  pen: CanvasRenderingContext2D,
  { left, right, bottom, x }: Frame,
  y: Scale,
  labels: readonly string[],
  atX: (step: number) => number,
  palette: Palette,
): void {
  pen.lineWidth = 1;
  pen.fillStyle = palette.soft;
  pen.textBaseline = 'middle';
  pen.textAlign = 'right';
  let above = Infinity;
  y.ticks.forEach((tick, i) => {
    const at = Math.round(y.at(tick)) + 0.5;
    pen.strokeStyle = i === 0 ? palette.axis : palette.grid;
    segment(pen, left, at, right, at);
    // A logarithmic axis may have more ticks than there is room for words.
    if (above - at < lineHeight * 0.8) return;
    above = at;
    pen.fillText(labels[i]!, left - 8, at);
  });
  pen.textBaseline = 'top';
  pen.textAlign = 'center';
  const ticks = niceTicks(x.from, x.to, Math.max(2, Math.min(6, (right - left) / 90)));
  for (const tick of ticks) {
    if (!Number.isInteger(tick) || tick < x.from || tick > x.to) continue;
    const label = tick.toLocaleString('en-US');
    const half = pen.measureText(label).width / 2;
    pen.fillText(label, Math.min(right - half + inset.right, Math.max(left + half, atX(tick))), bottom + 8);
  }
}

/** Hairlines at the ends of epochs, while there is room between them. */
function drawEpochs(
  pen: CanvasRenderingContext2D,
  { left, right, top, bottom }: Frame,
  { steps }: StepSeries,
  atX: (step: number) => number,
  palette: Palette,
): void {
  if (steps.length === 0 || (right - left) / steps.length < 16) return;
  pen.strokeStyle = palette.grid;
  for (const step of steps) {
    const at = Math.round(atX(step)) + 0.5;
    segment(pen, at, top, at, bottom);
  }
}

function tracePath(
  pen: CanvasRenderingContext2D,
  xs: readonly number[],
  ys: readonly number[],
  columns: number,
  atX: (x: number) => number,
  atY: (y: number) => number,
): void {
  pen.beginPath();
  for (const place of drawnPlaces(xs, ys, columns)) pen.lineTo(atX(xs[place]!), atY(ys[place]!));
}

/** Dashed, with squares: told from training without its colour, as in the reports. */
function drawValidation(
  pen: CanvasRenderingContext2D,
  { steps, values }: StepSeries,
  atX: (step: number) => number,
  atY: (value: number) => number,
  palette: Palette,
): void {
  pen.strokeStyle = palette.orange;
  pen.lineWidth = 2;
  pen.setLineDash([6, 4]);
  tracePath(pen, steps, values, mostMarkers, atX, atY);
  pen.stroke();
  pen.setLineDash([]);
  pen.fillStyle = palette.orange;
  pen.strokeStyle = palette.paper;
  pen.lineWidth = 1;
  for (const place of drawnPlaces(steps, values, mostMarkers)) {
    const [x, y] = [atX(steps[place]!), atY(values[place]!)];
    pen.fillRect(x - 3.5, y - 3.5, 7, 7);
    pen.strokeRect(x - 4, y - 4, 8, 8);
  }
}

function drawCursor(
  pen: CanvasRenderingContext2D,
  { top, bottom }: Frame,
  { steps, means, values }: StepSeries,
  step: number,
  atX: (step: number) => number,
  atY: (value: number) => number,
  palette: Palette,
): void {
  const place = nearestPlace(steps, step);
  if (place < 0) return;
  const x = atX(steps[place]!);
  pen.strokeStyle = palette.ink;
  pen.lineWidth = 1;
  segment(pen, Math.round(x) + 0.5, top, Math.round(x) + 0.5, bottom);
  pen.fillStyle = palette.blue;
  for (const [value, radius] of [
    [values[place]!, 2],
    [means[place]!, 4],
  ] as const) {
    if (!Number.isFinite(value)) continue;
    pen.beginPath();
    pen.arc(x, Math.max(top, atY(value)), radius, 0, 2 * Math.PI);
    pen.fill();
  }
}

function segment(pen: CanvasRenderingContext2D, x1: number, y1: number, x2: number, y2: number): void {
  pen.beginPath();
  pen.moveTo(x1, y1);
  pen.lineTo(x2, y2);
  pen.stroke();
}
