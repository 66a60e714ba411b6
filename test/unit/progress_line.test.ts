/**
 * Plan: whole lines to the letter: running, final, with and without colour, too wide for the terminal; each number
 * format at its limits; the estimate counts the steps since the line began; the line on a terminal is overwritten, at most
 * every 50 ms, with the rest of a longer one blanked; off a terminal there is one line per epoch.
 */
import { describe, expect, it } from 'vitest';
import {
  type Progress,
  ProgressLine,
  type Sink,
  formatEta,
  formatNumber,
  formatProgress,
  formatStepTime,
  stepDuration,
  visibleWidth,
} from '../../src/report/progress_line.js';

const plain = { colour: false };
const running: Progress = {
  done: 118,
  total: 469,
  elapsedMs: 5000,
  stepMs: 36,
  metrics: { accuracy: 0.94912, loss: 0.07629 },
  imagesPerSecond: 1741.4,
  isFinal: false,
};
const final: Progress = {
  done: 469,
  total: 469,
  elapsedMs: 17_400,
  stepMs: 36.4,
  metrics: { accuracy: 0.9712, loss: 0.0009, val_accuracy: 0.981, val_loss: 0.06 },
  isFinal: true,
};

describe('formatProgress', () => {
  it('a running line', () => {
    expect(formatProgress(running, plain)).toBe(
      '118/469 ━━━━━━━━━━━━━━━━━━━━ 12s 36ms/step - accuracy: 0.9491 - loss: 0.0763 - 1741 images/s',
    );
  });

  it('an epoch of unknown length', () => {
    expect(formatProgress({ ...running, total: Infinity }, plain)).toBe(
      '118/Unknown ━━━━━━━━━━━━━━━━━━━━ 5s 36ms/step - accuracy: 0.9491 - loss: 0.0763 - 1741 images/s',
    );
  });

  it('a final line', () => {
    expect(formatProgress(final, plain)).toBe(
      '469/469 ━━━━━━━━━━━━━━━━━━━━ 17s 36ms/step - accuracy: 0.9712 - loss: 9.0000e-04 - val_accuracy: 0.9810 - val_loss: 0.0600',
    );
  });

  it('colours as Keras does: the done part green, the rest grey, count and time bold', () => {
    const line = formatProgress(running, { colour: true });
    expect(line).toBe(
      '\x1b[1m118/469\x1b[0m \x1b[32m━━━━━\x1b[0m\x1b[37m━━━━━━━━━━━━━━━\x1b[0m \x1b[1m12s\x1b[0m 36ms/step - accuracy: 0.9491 - loss: 0.0763 - 1741 images/s',
    );
    expect(visibleWidth(line)).toBe(formatProgress(running, plain).length);
    expect(formatProgress(final, { colour: true })).not.toContain('\x1b[37m');
  });

  it('pads the count, and says the speed with one decimal when slow', () => {
    const first = { ...running, done: 1, stepMs: 0, metrics: {}, imagesPerSecond: 7.24 };
    expect(formatProgress(first, plain)).toBe('  1/469 ━━━━━━━━━━━━━━━━━━━━ 0s 0s/step - 7.2 images/s');
    expect(formatProgress({ ...first, done: 0, total: 0 }, plain)).toMatch(/^0\/0 /);
  });

  it.each([
    [90, '118/469 ━━━━━━━━━━━━━━━━━━ 12s 36ms/step - accuracy: 0.9491 - loss: 0.0763 - 1741 images/s'],
    [77, '118/469 ━━━━━ 12s 36ms/step - accuracy: 0.9491 - loss: 0.0763 - 1741 images/s'],
    [76, '118/469 12s 36ms/step - accuracy: 0.9491 - loss: 0.0763 - 1741 images/s'],
    [60, '118/469 12s 36ms/step - accuracy: 0.9491 - loss: 0.0763'],
    [30, '118/469 12s 36ms/step'],
    [5, '118/469 12s'],
  ])('in %d cells the bar gives way first, then whole parts from the end', (columns, line) => {
    expect(formatProgress(running, { colour: false, columns })).toBe(line);
    expect(visibleWidth(formatProgress(running, { colour: true, columns }))).toBe(line.length);
  });
});

describe('numbers', () => {
  it.each([
    [0, '0s'],
    [-5, '0s'],
    [59_999, '59s'],
    [60_999, '60s'],
    [61_000, '1:01'],
    [3_600_000, '60:00'],
    [3_661_000, '1:01:01'],
    [360_000_000, '100:00:00'],
  ])('%d ms are left as %s', (milliseconds, text) => {
    expect(formatEta(milliseconds)).toBe(text);
  });

  it.each([
    [0, '0s/step'],
    [0.0123, '12µs/step'],
    [0.999, '999µs/step'],
    [1, '1ms/step'],
    [999, '999ms/step'],
    [1000, '1s/step'],
    [61_500, '62s/step'],
  ])('%d ms a step is %s', (milliseconds, text) => {
    expect(formatStepTime(milliseconds)).toBe(text);
  });

  it.each([
    [0.0763, '0.0763'],
    [12.34567, '12.3457'],
    [-2, '-2.0000'],
    [0.001, '1.0000e-03'],
    [0.00012345, '1.2345e-04'],
    [0, '0.0000e+00'],
    [1e-123, '1.0000e-123'],
    [NaN, 'nan'],
    [-Infinity, '-inf'],
    [Infinity, 'inf'],
  ])('%d is written %s, as Python writes it', (value, text) => {
    expect(formatNumber(value)).toBe(text);
  });

  it('the time per step counts from the beginning, and only the steps done since', () => {
    expect(stepDuration(0, { done: 10, elapsedMs: 500 })).toBe(50);
    expect(stepDuration(6, { done: 16, elapsedMs: 400 })).toBe(40);
    expect(stepDuration(0, { done: 0, elapsedMs: 500 })).toBe(0);
    expect(stepDuration(3, { done: 3, elapsedMs: 500 })).toBe(0);
  });
});

describe('ProgressLine', () => {
  /** A sink and a clock in the hands of the test. */
  function stage(isTTY: boolean, columns?: number) {
    const written: string[] = [];
    let time = 1000;
    const sink: Sink = {
      isTTY,
      write: (text) => written.push(text),
      ...(columns === undefined ? {} : { columns }),
    };
    return {
      written,
      sink,
      now: () => time,
      wait: (milliseconds: number) => {
        time += milliseconds;
      },
    };
  }

  it('overwrites itself on a terminal, at most every 50 ms, and stays at the end', () => {
    const { written, sink, now, wait } = stage(true);
    const line = new ProgressLine(sink, { total: 3, imagesPerStep: 64, colour: false, now });
    wait(2000);
    line.update(1, { loss: 2 });
    wait(40);
    line.update(2, { loss: 1.5 });
    wait(40);
    line.update(3, { loss: 0.0001 });
    wait(900);
    line.finish({ loss: 1, val_loss: 1.25 });
    line.finish({ loss: 9 });
    line.update(3, { loss: 9 });
    expect(written).toEqual([
      '\r1/3 ━━━━━━━━━━━━━━━━━━━━ 4s 2s/step - loss: 2.0000 - 32 images/s',
      '\r3/3 ━━━━━━━━━━━━━━━━━━━━ 0s 693ms/step - loss: 1.0000e-04 - 92 images/s',
      // All the time, with validation; the time per step is that of training alone.
      '\r3/3 ━━━━━━━━━━━━━━━━━━━━ 3s 693ms/step - loss: 1.0000 - val_loss: 1.2500 - 92 images/s\n',
    ]);
  });

  it('times a resumed epoch by the steps done since', () => {
    const { written, sink, now, wait } = stage(true);
    const line = new ProgressLine(sink, { total: 10, doneBefore: 6, colour: false, now });
    wait(200);
    line.update(8, { loss: 1 });
    expect(written).toEqual(['\r 8/10 ━━━━━━━━━━━━━━━━━━━━ 0s 100ms/step - loss: 1.0000']);
  });

  it('blanks what a longer line leaves', () => {
    const { written, sink, now, wait } = stage(true);
    const line = new ProgressLine(sink, { total: 2, colour: true, now });
    wait(60);
    line.update(1, { a_long_name: 1 });
    wait(60);
    line.update(2, { a: 1 });
    const widths = written.map((text) => visibleWidth(text.slice(1)));
    expect(written[1]).toMatch(/a: 1\.0000 {10}$/);
    expect(widths[1]).toBe(widths[0]);
  });

  it('stays one cell short of the terminal’s width', () => {
    for (const [columns, text] of [
      [32, '1/2 0s 60ms/step - loss: 1.0000'],
      [31, '1/2 0s 60ms/step'],
    ] as const) {
      const { written, sink, now, wait } = stage(true, columns);
      const line = new ProgressLine(sink, { total: 2, colour: false, now });
      wait(60);
      line.update(1, { loss: 1 });
      expect(written).toEqual([`\r${text}`]);
    }
  });

  it('writes one line per epoch elsewhere', () => {
    const { written, sink, now, wait } = stage(false, 20);
    const line = new ProgressLine(sink, { total: 2, colour: false, now });
    for (const done of [1, 2]) {
      wait(100);
      line.update(done, { loss: 1 });
    }
    line.finish({ loss: 1 });
    expect(written).toEqual(['2/2 ━━━━━━━━━━━━━━━━━━━━ 0s 100ms/step - loss: 1.0000\n']);
  });

  it('makes room for other output', () => {
    const { written, sink, now, wait } = stage(true);
    const line = new ProgressLine(sink, { total: 2, colour: false, now });
    line.interrupt();
    expect(written).toEqual([]);
    wait(60);
    line.update(1, {});
    line.interrupt();
    line.interrupt();
    expect(written.slice(1)).toEqual(['\n']);
  });

  it('needs no clock', () => {
    const { written, sink } = stage(false);
    const line = new ProgressLine(sink, { total: 1, colour: false });
    line.update(1, {});
    line.finish({});
    expect(written[0]).toMatch(/^1\/1 ━{20} 0s \d+(µs|ms|s)\/step\n$/);
  });
});
