/**
 * Training curves on a canvas: every step faint, their running mean strong, validation at the end of each epoch.
 *
 * A canvas, because SVG would need an element for each of several thousand points. Redraws on request, at most once
 * per frame, and never while the page is hidden. Screen readers read the values at the cursor, which pointer or keys
 * move; a table shows the same numbers.
 */
import { grouped } from '../../src/report/charts/numbers.js';
import { element, setAttribute } from '../elements.js';
import type { Store } from '../store.js';
import { onThemeChange } from '../theme_switch.js';
import { type CurveData, type Frame, drawCurve, paletteNow } from './curves_drawing.js';
import { type StepSeries, nearestPlace } from './curves_series.js';
import { onceAFrame } from './once_a_frame.js';

/** The caller fills the series and requests redraws. */
export interface CurveOptions extends CurveData {
  readonly title: string;
  readonly format: (value: number) => string;
  /** The step under the cursor, shared by adjacent curves; null for none. */
  readonly cursor: Store<number | null>;
}

export interface Curve {
  readonly root: HTMLElement;
  /** Requests a redraw in the next frame. */
  redraw(): void;
}

/** The zoomed view, by unit. */
const closeWords = {
  number: { text: 'log', title: 'On a logarithmic axis' },
  percent: { text: 'close-up', title: 'From what the second half of the steps has reached' },
} as const;

export function curve(options: CurveOptions): Curve {
  const { title, unit, training, cursor } = options;
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
  const close = element('input', { type: 'checkbox' });
  const root = element(
    'figure',
    { class: 'curve' },
    element(
      'figcaption',
      {},
      element('h3', {}, title),
      readout,
      element(
        'label',
        { class: 'check', title: closeWords[unit].title },
        close,
        element('span', {}, closeWords[unit].text),
      ),
    ),
    pad,
  );

  let palette = paletteNow();
  let frame: Frame | undefined;
  const redraw = onceAFrame(() => {
    frame = drawCurve(canvas, options, { isClose: close.checked, step: cursor.value }, palette);
    readout.replaceChildren(...readoutOf(options, cursor.value));
  });
  // Not on every redraw: a screen reader would read every new number.
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
  close.addEventListener('change', redraw);
  new ResizeObserver(redraw).observe(pad);
  // Losing the GPU context cleared the canvas.
  canvas.addEventListener('contextrestored', redraw);
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

/** The latest numbers, or those at the cursor with the value of its batch. */
function readoutOf({ format, training, validation }: CurveOptions, step: number | null): HTMLElement[] {
  const place = step === null ? training.length - 1 : nearestPlace(training.steps, step);
  if (place < 0) return [];
  const mean = format(training.means[place]!);
  const tested = validationAt(validation, step);
  if (step === null)
    return [
      key('training', 'training', mean),
      ...(tested === undefined ? [] : [key('validation', 'validation', format(tested))]),
    ];
  return [
    element('span', {}, `step ${grouped(training.steps[place]!)}`),
    key('training', '', `${mean} (${format(training.values[place]!)})`),
    ...(tested === undefined ? [] : [key('validation', '', format(tested))]),
  ];
}

/** The latest validation at that step; the last one without a cursor. */
function validationAt(validation: StepSeries, step: number | null): number | undefined {
  if (step === null) return validation.values.at(-1);
  const place = validation.steps.findLastIndex((end) => end <= step);
  return validation.values[place];
}

function key(kind: 'training' | 'validation', name: string, value: string): HTMLElement {
  const sample = element('i', { class: `curve-key ${kind}`, 'aria-hidden': 'true' });
  return element('span', {}, sample, `${name} `, element('b', {}, value));
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

function stepAt(training: StepSeries, { first, last, left, right }: Frame, x: number): number | null {
  const within = Math.min(right, Math.max(left, x));
  const place = nearestPlace(training.steps, first + ((within - left) / (right - left)) * (last - first));
  return training.steps[place] ?? null;
}

/** The position after a key press; null removes the cursor, undefined ignores the key. */
function placeByKey(
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
