/**
 * Keras 3's progress bar, then images per second:
 *
 *   `118/469 ━━━━━━━━━━━━━━━━━━━━ 12s 36ms/step - accuracy: 0.9491 - loss: 0.0763 - 1741 images/s`
 *
 * Formatting is pure; `ProgressLine` adds the clock, the limit of twenty lines a second, and the terminal.
 * Source: Keras 3, keras/src/utils/progbar.py.
 */

/** Content of a line. */
export interface Progress {
  readonly done: number;
  /** Infinity if it is not known. */
  readonly total: number;
  readonly elapsedMs: number;
  /** Time per training step, 0 while unknown; see `stepDuration`. */
  readonly stepMs: number;
  /** Running means, in the order to print them. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly imagesPerSecond?: number;
  /** The final line of the epoch, which shows elapsed instead of remaining time. */
  readonly isFinal: boolean;
}

/** Formatting of a line. */
export interface LineStyle {
  readonly colour: boolean;
  /** Width of the terminal in cells; longer lines are shortened, because a wrapped line cannot be overwritten. */
  readonly columns?: number;
}

/** Output of a line: process.stderr, or an object in a test or on the page. */
export interface Sink {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const barWidth = 20;
const bold = '\x1b[1m';
const green = '\x1b[32m';
const grey = '\x1b[37m';
const reset = '\x1b[0m';

/** Formats the line, without a line end. */
export function formatProgress(progress: Progress, { colour, columns }: LineStyle): string {
  const paint = (codes: string, text: string) => (colour && text !== '' ? `${codes}${text}${reset}` : text);
  const { done, total, elapsedMs, stepMs, isFinal } = progress;
  const isKnown = total < Infinity;
  const count = isKnown ? `${String(done).padStart(String(total).length)}/${total}` : `${done}/Unknown`;
  const showsElapsed = isFinal || !isKnown;
  const time = showsElapsed ? `${Math.round(elapsedMs / 1000)}s` : formatEta(stepMs * (total - done));
  const tail = [` ${formatStepTime(stepMs)}`, ...Object.entries(progress.metrics).map(formatMetric)];
  if (progress.imagesPerSecond !== undefined) tail.push(` - ${formatRate(progress.imagesPerSecond)}`);

  const width = shrinkBar(count.length + 1 + 1 + time.length + tail.join('').length, columns);
  const full = !isKnown || total === 0 ? width : Math.min(width, Math.floor((width * done) / total));
  const bar = paint(green, '━'.repeat(full)) + paint(grey, '━'.repeat(width - full));
  const gap = width === 0 ? '' : ' ';
  const space = (columns ?? Infinity) - (count.length + gap.length + width + 1 + time.length);
  return `${paint(bold, count)}${gap}${bar} ${paint(bold, time)}${fitParts(tail, space)}`;
}

/** The bar shrinks first: twenty cells, or the remaining width, or none below five. */
function shrinkBar(others: number, columns = Infinity): number {
  const left = Math.min(barWidth, columns - others);
  return left < 5 ? 0 : left;
}

/** Drops whole parts: a truncated number would be wrong. */
function fitParts(parts: readonly string[], space: number): string {
  let line = '';
  for (const part of parts) {
    if (line.length + part.length > space) break;
    line += part;
  }
  return line;
}

/** A sample: number of steps done after a number of milliseconds. */
export interface Moment {
  readonly done: number;
  readonly elapsedMs: number;
}

/**
 * Milliseconds per step since the line started; a resumed epoch starts with some steps done.
 *
 *   last.elapsed / (last.done − done at the beginning)
 *
 * Keras excludes the first step, which compiles; here compilation precedes the epoch. Steps are reported a step or
 * two late, so differences between single reports mean nothing.
 */
export function stepDuration(doneBefore: number, { done, elapsedMs }: Moment): number {
  return done > doneBefore ? elapsedMs / (done - doneBefore) : 0;
}

/** Remaining time: `h:mm:ss` above an hour, `m:ss` above a minute, otherwise `Ns`. */
export function formatEta(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const two = (value: number) => String(value).padStart(2, '0');
  if (seconds > 3600) {
    return `${Math.floor(seconds / 3600)}:${two(Math.floor((seconds % 3600) / 60))}:${two(seconds % 60)}`;
  }
  return seconds > 60 ? `${Math.floor(seconds / 60)}:${two(seconds % 60)}` : `${seconds}s`;
}

/** Time per step in s, ms or µs, without decimals. */
export function formatStepTime(milliseconds: number): string {
  if (milliseconds >= 1000 || milliseconds === 0) return `${Math.round(milliseconds / 1000)}s/step`;
  if (milliseconds >= 1) return `${Math.round(milliseconds)}ms/step`;
  return `${Math.round(milliseconds * 1000)}µs/step`;
}

/** ` - loss: 0.0763`; four decimals above 1e-3, else as in `1.0000e-04`. */
function formatMetric([name, value]: readonly [string, number]): string {
  return ` - ${name}: ${formatNumber(value)}`;
}

/** Python's `%.4f` above 1e-3, its `%.4e` otherwise. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
  if (Math.abs(value) > 1e-3) return value.toFixed(4);
  // Python writes two digits of exponent at least.
  return value.toExponential(4).replace(/e([+-])(\d)$/, 'e$10$2');
}

function formatRate(imagesPerSecond: number): string {
  const digits = imagesPerSecond < 10 ? 1 : 0;
  return `${imagesPerSecond.toFixed(digits)} images/s`;
}

/** Width of a line in cells, without colour codes. */
export function visibleWidth(line: string): number {
  // oxlint-disable-next-line no-control-regex -- the escape character is what a colour code begins with
  return line.replaceAll(/\x1b\[[0-9;]*m/g, '').length;
}

/** Minimum interval between refreshes, as in Keras. */
const refreshMs = 50;

export interface ProgressLineOptions {
  /** Steps in the epoch. */
  readonly total: number;
  /** Steps that an interrupted run had already done. Default 0. */
  readonly doneBefore?: number;
  /** Images per full step; enables images per second. */
  readonly imagesPerStep?: number;
  /** The caller evaluates NO_COLOR, FORCE_COLOR and TERM. */
  readonly colour: boolean;
  /** Clock in milliseconds. Default performance.now. */
  readonly now?: () => number;
}

/**
 * The line of one epoch on one sink: overwritten in place on a terminal, and written once, at the end, elsewhere.
 */
export class ProgressLine {
  private readonly startMs: number;
  private readonly now: () => number;
  private last: Moment = { done: 0, elapsedMs: 0 };
  private lastDrawnMs = -Infinity;
  private drawnWidth = 0;
  private isFinished = false;

  constructor(
    private readonly sink: Sink,
    private readonly options: ProgressLineOptions,
  ) {
    this.now = options.now ?? (() => performance.now());
    this.startMs = this.now();
  }

  /** Call after each step or after several. Redraws at most every 50 ms. */
  update(done: number, metrics: Readonly<Record<string, number>>): void {
    const nowMs = this.now();
    this.last = { done, elapsedMs: nowMs - this.startMs };
    if (this.isFinished || this.sink.isTTY !== true || nowMs - this.lastDrawnMs < refreshMs) return;
    this.lastDrawnMs = nowMs;
    this.sink.write(this.redraw(this.line(metrics, false)));
  }

  /**
   * Call after the last step and the validation: draws the final line. It shows the time of the whole epoch, and
   * time per step and images per second of training alone. Later calls have no effect.
   */
  finish(metrics: Readonly<Record<string, number>>): void {
    if (this.isFinished) return;
    this.isFinished = true;
    const line = this.line(metrics, true);
    this.sink.write(`${this.sink.isTTY === true ? this.redraw(line) : line}\n`);
  }

  /** Ends the line, so that other output can be printed below it. */
  interrupt(): void {
    if (this.drawnWidth > 0 && !this.isFinished) this.sink.write('\n');
    this.drawnWidth = 0;
  }

  private line(metrics: Progress['metrics'], isFinal: boolean): string {
    const { total, imagesPerStep, colour } = this.options;
    const { isTTY, columns } = this.sink;
    const stepMs = stepDuration(this.options.doneBefore ?? 0, this.last);
    const elapsedMs = isFinal ? this.now() - this.startMs : this.last.elapsedMs;
    const hasRate = imagesPerStep !== undefined && stepMs > 0;
    const rate = hasRate ? { imagesPerSecond: (1000 * imagesPerStep) / stepMs } : {};
    // One cell less than the width: some terminals wrap when the last cell is filled.
    const room = isTTY === true && columns !== undefined && columns > 0 ? { columns: columns - 1 } : {};
    return formatProgress(
      { done: this.last.done, total, elapsedMs, stepMs, metrics, isFinal, ...rate },
      { colour, ...room },
    );
  }

  /** Returns to the start of the line, writes the text, and blanks the rest of the old one. */
  private redraw(line: string): string {
    const width = visibleWidth(line);
    // Blanks must not wrap on a terminal that was made narrower.
    const blanked = Math.min(this.drawnWidth, (this.sink.columns ?? Infinity) - 1);
    const rest = ' '.repeat(Math.max(0, blanked - width));
    this.drawnWidth = width;
    return `\r${line}${rest}`;
  }
}
