/**
 * Plan: round ticks; where points, bars and cells of known numbers lie; gaps, single epochs, no numbers at all; lines
 * distinguishable without colour; the drops of the rate and the best epoch; labels that keep apart; matrices of 2 to 100
 * classes; names that are hostile to markup, in every chart. Every chart is well-formed.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { barChart } from '../../src/report/charts/bar_chart.js';
import { confusionMatrix } from '../../src/report/charts/confusion_matrix.js';
import { dotChart } from '../../src/report/charts/dot_chart.js';
import { heatMapChart } from '../../src/report/charts/heat_map.js';
import { accuracyChart, lossChart, rateDrops } from '../../src/report/charts/history_charts.js';
import { lineChart, spread } from '../../src/report/charts/line_chart.js';
import {
  duration,
  grouped,
  percent,
  probability,
  rate,
  tickLabels,
} from '../../src/report/charts/numbers.js';
import { chartRules, colours, variables } from '../../src/report/charts/palette.js';
import { fitInto } from '../../src/report/charts/picture.js';
import { rateSearchChart } from '../../src/report/charts/rate_search_chart.js';
import { pictureTable } from '../../src/report/charts/picture_table.js';
import { predictionGrid } from '../../src/report/charts/prediction_grid.js';
import { linearScale, logScale, niceTicks } from '../../src/report/charts/scale.js';
import { type Drawing, escape, inlineSvg, shorten, svgFile, textWidth } from '../../src/report/charts/svg.js';
import { kernelTotals, timingBars } from '../../src/report/charts/timing_bars.js';
import type { Picture } from '../../src/report/evaluation_file.js';
import { type Element, readMarkup, textsOf } from './markup.js';

const hostile = `<&>"' tops`;
/** Well-formed as a file and inside a page; returns the elements of the file. */
function elementsOf(drawing: Drawing): Element[] {
  readMarkup(inlineSvg(drawing));
  return readMarkup(svgFile(drawing));
}
const textsIn = (drawing: Drawing): string[] => textsOf(svgFile(drawing));
const number = (element: Element, name: string): number => Number(element.attributes[name]);

describe('scales', () => {
  it.each([
    [0, 10, 5, [0, 2, 4, 6, 8, 10]],
    [0.93, 0.994, 5, [0.92, 0.94, 0.96, 0.98, 1]],
    [0, 0.3, 5, [0, 0.1, 0.2, 0.3]],
    [-1, 1, 5, [-1, -0.5, 0, 0.5, 1]],
    [1, 30, 8, [0, 5, 10, 15, 20, 25, 30]],
    [0.5, 0.5, 5, [0.4, 0.6]],
    [1e-9, 3e-9, 4, [1e-9, 1.5e-9, 2e-9, 2.5e-9, 3e-9]],
  ])('ticks from %d to %d, about %d', (min, max, count, ticks) => {
    expect(niceTicks(min, max, count)).toEqual(ticks);
  });

  it('ticks cover whatever the numbers are', () => {
    const value = fc.double({ min: -1e6, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(value, value, fc.integer({ min: 1, max: 12 }), (a, b, count) => {
        const [min, max] = [Math.min(a, b), Math.max(a, b)];
        if (max > min && max - min < 1e-9 * Math.max(Math.abs(min), Math.abs(max), 1e-3)) return;
        const ticks = niceTicks(min, max, count);
        const slack = (ticks[1]! - ticks[0]!) * 1e-6;
        expect(ticks[0]!).toBeLessThanOrEqual(min + slack);
        expect(ticks.at(-1)!).toBeGreaterThanOrEqual(max - slack);
        expect(ticks.length).toBeLessThanOrEqual(count + 3);
      }),
    );
  });

  it('places', () => {
    const scale = linearScale(0, 10, 100, 200);
    expect([0, 5, 10].map(scale.at)).toEqual([100, 150, 200]);
    expect(linearScale(0.5, 1, 0, 1, { cap: 1 }).ticks.at(-1)).toBe(1);
    const log = logScale(0.01, 1, 0, 100);
    expect(log.ticks).toEqual([0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1]);
    expect(log.at(0.1)).toBeCloseTo(50, 9);
    expect(logScale(3e-6, 2, 0, 1).ticks).toEqual([1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.1, 1, 10]);
  });

  it('numbers for people', () => {
    expect(tickLabels([0.92, 0.94, 1], 'percent')).toEqual(['92 %', '94 %', '100 %']);
    expect(tickLabels([0.985, 0.99, 0.995], 'percent')).toEqual(['98.5 %', '99.0 %', '99.5 %']);
    expect(tickLabels([0, 2000, 4000], 'number')).toEqual(['0', '2,000', '4,000']);
    expect(tickLabels([0.01, 0.1, 1], 'number')).toEqual(['0.01', '0.1', '1']);
    expect(tickLabels([0, 2e16, 4e16], 'number')).toEqual(['0', '2e+16', '4e+16']);
    expect([1e-3, 1e-4, 2.5e-4, 1e-6, 0.01].map(rate)).toEqual(['0.001', '1e-4', '2.5e-4', '1e-6', '0.01']);
    expect([grouped(1234567), grouped(999), grouped(1234.5, 1)]).toEqual(['1,234,567', '999', '1,234.5']);
    expect([4.21, 63, 119.7, 3146, 3720].map(duration)).toEqual([
      '4.2 s',
      '1 min 3 s',
      '2 min 0 s',
      '52 min',
      '1 h 2 min',
    ]);
    expect([percent(0.99421), percent(NaN)]).toEqual(['99.42 %', '–']);
    // What is not all or nothing never reads so.
    expect([1, 0.99999, 0.00001, 0].map((share) => percent(share))).toEqual([
      '100.00 %',
      '> 99.99 %',
      '< 0.01 %',
      '0.00 %',
    ]);
    expect([percent(0.996, 0), percent(0.004, 0)]).toEqual(['> 99 %', '< 1 %']);
    // No network is certain, even where an f32 says so.
    expect([0.5, 0.98432, 0.99949, 0.9995, 1, 0.0006, 0.0004, 0, NaN].map(probability)).toEqual([
      '50.0 %',
      '98.4 %',
      '99.9 %',
      '> 99.9 %',
      '> 99.9 %',
      '0.1 %',
      '< 0.1 %',
      '< 0.1 %',
      '–',
    ]);
  });

  it('labels keep apart and in order', () => {
    expect(spread([10, 11, 50], 16, 0, 100)).toEqual([10, 26, 50]);
    expect(spread([98, 99], 16, 0, 100)).toEqual([84, 100]);
    expect(spread([50, 50, 50], 10, 0, 100)).toEqual([50, 60, 70]);
    expect(spread([2, 1], 16, 0, 100)).toEqual([17, 1]);
    expect(spread([], 16, 0, 100)).toEqual([]);
  });

  it('text is cut with an ellipsis', () => {
    expect(shorten('short', 100)).toBe('short');
    const cut = shorten('a rather long name of a class', 60);
    expect(cut).toMatch(/^a rath.*…$/);
    expect(textWidth(cut)).toBeLessThanOrEqual(60);
    expect(shorten('wide', 0)).toBe('w…');
  });
});

describe('lines', () => {
  const epochs = [1, 2, 3, 4, 5, 6];
  const history = {
    epochs,
    metrics: {
      accuracy: [0.9, 0.92, 0.94, 0.96, 0.98, 1],
      val_accuracy: [0.91, null, 0.95, Number.NaN, 0.97, 0.96],
      loss: [1, 0.5, 0.25, 0.1, 0.05, 0.02],
      val_loss: [0.9, 0.4, 0.2, 0.1, 0.1, 0.1],
      learning_rate: [1e-3, 1e-3, 1e-3, 1e-3, 1e-4, 1e-4],
    },
  };
  const chart = accuracyChart({ history, bestEpoch: 5 });
  const paths = (drawing: Drawing): string[][] =>
    elementsOf(drawing)
      .filter(({ name, attributes }) => name === 'path' && attributes['stroke-width'] === '2')
      .map(({ attributes }) => attributes['d']!.split(/(?=[ML])/));

  it('points lie evenly, and heights in proportion', () => {
    const [training] = paths(chart);
    const points = training!.map((step) => step.slice(1).split(' ').map(Number) as [number, number]);
    expect(points).toHaveLength(6);
    const [across, up] = [points[1]![0] - points[0]![0], points[1]![1] - points[0]![1]];
    points.forEach(([x, y], i) => {
      expect(x).toBeCloseTo(points[0]![0] + i * across, 1);
      expect(y).toBeCloseTo(points[0]![1] + i * up, 1);
    });
    // The axis runs from 90 % to 100 %, and these are its ends.
    const rules = elementsOf(chart).filter(({ attributes }) => attributes['class'] === 's-grid');
    const heights = rules.map((element) => number(element, 'y1'));
    expect(points[0]![1]).toBeCloseTo(Math.max(...heights), 1);
    expect(points[5]![1]).toBeCloseTo(Math.min(...heights), 1);
  });

  it('a line breaks where a number is missing', () => {
    const [, validation] = paths(chart);
    expect(validation!.map(([pen]) => pen).join('')).toBe('MMML');
  });

  it('validation is dashed, has other markers, and its name at its end', () => {
    const lines = elementsOf(chart).filter(
      ({ attributes }) => attributes['stroke-width'] === '2' && 'd' in attributes,
    );
    expect(lines.map(({ attributes }) => 'stroke-dasharray' in attributes)).toEqual([false, true]);
    expect(textsIn(chart)).toEqual(expect.arrayContaining(['training 100.00 %', 'validation 96.00 %']));
    expect(textsIn(chart)).toContain('validation, 5: 97.00 %');
  });

  it('marks the best epoch and the drops of the rate', () => {
    expect(textsIn(chart)).toEqual(expect.arrayContaining(['best: 5', 'rate 1e-4']));
    const rings = elementsOf(chart).filter(
      ({ name, attributes }) => name === 'circle' && attributes['r'] === '8',
    );
    const [, validation] = paths(chart);
    const [x, y] = validation![2]!.slice(1).split(' ').map(Number);
    expect(rings.map((ring) => [number(ring, 'cx'), number(ring, 'cy')])).toEqual([[x, y]]);
    expect(rateDrops(history)).toEqual([{ epoch: 5, rate: 1e-4 }]);
  });

  it('a schedule that always changes is not marked', () => {
    const learning_rate = epochs.map((epoch) => 1 / epoch);
    expect(rateDrops({ epochs, metrics: { learning_rate } })).toEqual([]);
    // A rising rate is no drop.
    expect(rateDrops({ epochs, metrics: { learning_rate: [1, 1, 1, 2, 2, 2] } })).toEqual([]);
    expect(rateDrops({ epochs, metrics: {} })).toEqual([]);
  });

  it('a loss over a wide range has a logarithmic axis, and says so', () => {
    expect(textsIn(lossChart({ history }))).toContain('Loss, logarithmic');
    expect(textsIn(accuracyChart({ history }))).toContain('Accuracy');
    const zero = { epochs: [1, 2], metrics: { loss: [5, 0] } };
    expect(textsIn(lossChart({ history: zero }))).toContain('Loss');
  });

  it('one epoch, none, and numbers that are none', () => {
    const one = accuracyChart({ history: { epochs: [1], metrics: { accuracy: [0.5] } }, bestEpoch: 1 });
    expect(textsIn(one)).toEqual(expect.arrayContaining(['1', 'training 50.00 %']));
    expect(svgFile(one)).not.toMatch(/NaN|Infinity|undefined/);
    const none = accuracyChart({ history: { epochs: [], metrics: {} } });
    expect(textsIn(none)).toContain('no values yet');
    elementsOf(none);
    const nan = lossChart({
      history: { epochs: [1, 2], metrics: { loss: [NaN, Infinity], val_loss: [1, 2] } },
    });
    expect(svgFile(nan)).not.toMatch(/NaN|Infinity|undefined/);
    expect(nan.description).toContain('training without values; validation from 1.0000 to 2.0000');
  });

  it('a long training thins its markers out, but keeps the last', () => {
    const many = Array.from({ length: 200 }, (_, i) => i + 1);
    const long = lineChart({
      title: 't',
      xLabel: 'epoch',
      unit: 'number',
      format: String,
      series: [
        { label: hostile, x: many, y: many, colour: 'blue', isDashed: false, marker: 'square' },
        { label: 'b', x: [1, 2], y: [3, 4], colour: 'orange', isDashed: false, marker: 'diamond' },
      ],
    });
    const squares = elementsOf(long).filter(
      ({ name, attributes }) => name === 'path' && attributes['stroke-width'] === '1.5',
    );
    expect(squares.length).toBeGreaterThan(10);
    expect(squares.length).toBeLessThan(60);
    expect(textsIn(long)).toContain(`${hostile}, 200: 200`);
  });
});

describe('confusion matrix', () => {
  const square = (classes: number): number[][] =>
    Array.from({ length: classes }, (_, i) =>
      Array.from({ length: classes }, (_, j) => (i === j ? 90 : i < j ? 1 : 0)),
    );
  const draw = (classes: number, names = Array.from({ length: classes }, (_, i) => `c${i}`)): Drawing =>
    confusionMatrix({ title: 'Confusion', confusion: square(classes), classNames: names });

  it('a cell for each count, shaded by its share of the row', () => {
    const drawing = confusionMatrix({
      title: 'Confusion',
      confusion: [
        [3, 1],
        [0, 4],
      ],
      classNames: [hostile, 'dog'],
    });
    const cells = elementsOf(drawing).filter(({ attributes }) => attributes['width'] === '71');
    const shades = cells.flatMap(({ attributes }) => attributes['fill-opacity'] ?? []).map(Number);
    // 0.1 + 0.9·√(3/4), √(1/4), √1
    expect(shades).toEqual([0.88, 0.55, 1]);
    expect(textsIn(drawing)).toContain(`${hostile} classified as dog: 1 of 4 (25.00 %)`);
    expect(textsIn(drawing)).toEqual(expect.arrayContaining(['3', '1', '4']));
    expect(drawing.description).toBe('Confusion: 7 of 8 images on the diagonal, 1 beside it.');
  });

  it('the diagonal is framed', () => {
    const frames = elementsOf(draw(10)).filter(({ attributes }) => attributes['class'] === 's-ink');
    expect(frames).toHaveLength(10);
  });

  it.each([2, 3, 10, 26, 40, 100])('%i classes', (classes) => {
    const drawing = draw(classes);
    expect(drawing.width).toBeLessThan(720);
    const labels = textsIn(drawing).filter((text) => /^c\d+$/.test(text));
    // Names on both sides, or as many of them as fit.
    expect(labels.length).toBeGreaterThanOrEqual(Math.min(2 * classes, 20));
    expect(labels.length).toBeLessThanOrEqual(70);
    expect(textsIn(drawing).includes('90')).toBe(classes <= 26);
  });

  it('a class without images leaves its row empty', () => {
    const drawing = confusionMatrix({
      title: 'Confusion',
      confusion: [
        [0, 0],
        [1, 1],
      ],
      classNames: ['a', 'b'],
    });
    expect(svgFile(drawing)).not.toMatch(/NaN|Infinity/);
  });
});

describe('bars and dots', () => {
  it('bars are as long as their numbers', () => {
    const drawing = barChart({
      title: 'Images per class',
      categories: [hostile, 'b'],
      groups: [
        { label: 'train', values: [100, 50] },
        { label: 'test', values: [20, 0] },
      ],
      unit: 'number',
      xLabel: 'images',
      format: (value) => grouped(value),
    });
    const bars = elementsOf(drawing).filter(
      ({ name, attributes }) => name === 'rect' && attributes['class'] === 'f-blue',
    );
    const [, whole, half] = bars.map((element) => number(element, 'width')); // the first is the legend's
    expect(half! / whole!).toBeCloseTo(0.5, 2);
    // The other group is hollow, so that colour is not needed.
    const hollow = elementsOf(drawing).filter(({ attributes }) => attributes['class'] === 'f-paper s-orange');
    expect(hollow).toHaveLength(3);
    expect(textsIn(drawing)).toEqual(
      expect.arrayContaining([hostile, '100', 'train', `${hostile}, test: 20`]),
    );
  });

  it('nothing but zeros', () => {
    const drawing = barChart({
      title: 't',
      categories: ['a'],
      groups: [{ label: 'g', values: [0] }],
      unit: 'percent',
      xLabel: '',
      format: String,
    });
    expect(svgFile(drawing)).not.toMatch(/NaN|Infinity/);
    elementsOf(drawing);
  });

  it('dots that would hide each other step aside', () => {
    const drawing = dotChart({
      title: 'F1',
      categories: ['a', hostile],
      groups: [
        { label: 'x', values: [0.9, 0.95] },
        { label: 'y', values: [0.9, null] },
      ],
      xLabel: 'F1',
      format: percent,
    });
    const circles = elementsOf(drawing).filter(({ name }) => name === 'circle');
    const [, first, second] = circles.map((element) => number(element, 'cy'));
    // Rows are 26 apart; the first dot shares its place with the other run's and moves up by 6.
    expect(second! - first!).toBe(32);
    expect(drawing.description).toContain('95.00 % and none');
  });

  it('kernels add up, the slowest first, the many small ones together', () => {
    const times = Array.from({ length: 20 }, (_, i) => ({
      kernel: `k${i}`,
      variant: 'baseline',
      shapes: '',
      ms: 20 - i,
      share: (20 - i) / 210,
    }));
    const all = [...times, { kernel: 'k19', variant: 'baseline', shapes: '[2]', ms: 100, share: 0 }];
    expect(kernelTotals(all)[0]).toEqual({
      kernel: 'k19',
      variant: 'baseline',
      ms: 101,
      share: 1 / 210,
      count: 2,
    });
    expect(textsIn(timingBars(all))).toEqual(expect.arrayContaining(['k19 · baseline · 2×', '8 others']));
    elementsOf(timingBars(all));
  });
});

describe('pictures', () => {
  const picture: Picture = { data: new Uint8Array(6), width: 3, height: 2, channels: 1 };
  const encode = (of: Picture): Uint8Array => Uint8Array.of(1, 2, of.width);

  it('a mistake has a cross and a frame', () => {
    const drawing = predictionGrid({
      title: 'Predictions',
      encode,
      images: [
        { picture, truth: hostile, guess: { name: hostile, confidence: 0.99999 } },
        { picture, truth: '9', guess: { name: '4', confidence: 0.5 } },
      ],
    });
    expect(textsIn(drawing)).toEqual(
      expect.arrayContaining([`✓ ${hostile}`, '99 % sure', '✗ 4', 'true: 9', '9, classified as 4 (50.0 %)']),
    );
    const frames = elementsOf(drawing).filter(({ attributes }) => attributes['stroke-dasharray'] === '10 4');
    expect(frames).toHaveLength(1);
  });

  it('five to a row, in the middle of their boxes, as whole multiples', () => {
    const drawing = predictionGrid({
      title: 'Samples',
      encode,
      images: Array.from({ length: 7 }, () => ({ picture, truth: 'a' })),
    });
    const images = elementsOf(drawing).filter(({ name }) => name === 'image');
    expect(new Set(images.map((element) => number(element, 'y'))).size).toBe(2);
    expect(new Set(images.map((element) => number(element, 'x'))).size).toBe(5);
    expect(images[0]!.attributes).toMatchObject({
      width: '96',
      height: '64',
      href: 'data:image/png;base64,AQID',
      'image-rendering': 'optimizeSpeed',
    });
    expect(fitInto({ width: 28, height: 28 }, 84)).toEqual({ width: 84, height: 84 });
    expect(fitInto({ width: 32, height: 16 }, 84)).toEqual({ width: 64, height: 32 });
    expect(fitInto({ width: 168, height: 42 }, 84)).toEqual({ width: 84, height: 21 });
  });

  it('rows and groups of columns', () => {
    const drawing = pictureTable({
      title: 'Augmented',
      note: hostile,
      columns: [
        { label: 'original', count: 1 },
        { label: 'preset', count: 2 },
      ],
      rows: [{ label: 'row', pictures: [picture, picture, picture] }],
      encode,
    });
    const images = elementsOf(drawing).filter(({ name }) => name === 'image');
    const [a, b, c] = images.map((element) => number(element, 'x'));
    expect(c! - b!).toBeCloseTo(104, 9);
    expect(b! - a!).toBeCloseTo(116, 9);
    expect(textsIn(drawing)).toEqual(expect.arrayContaining([hostile, 'original', 'preset', 'row']));
    elementsOf(pictureTable({ title: 't', columns: [], rows: [], encode }));
    elementsOf(predictionGrid({ title: 't', images: [], encode }));
  });
});

describe('palette', () => {
  /** WCAG 2's contrast of two colours. */
  const contrast = (a: string, b: string): number => {
    const luminance = (colour: string): number => {
      const [red, green, blue] = [1, 3, 5]
        .map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255)
        .map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
      return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
    };
    const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (high! + 0.05) / (low! + 0.05);
  };

  it.each(['light', 'dark'] as const)('letters can be read on %s', (theme) => {
    for (const name of ['ink', 'soft', 'blue', 'orange', 'green', 'pink', 'yellow', 'grey'] as const) {
      expect(contrast(colours[name][theme], colours.paper[theme]), name).toBeGreaterThanOrEqual(4.5);
      expect(contrast(colours[name][theme], colours.raised[theme]), name).toBeGreaterThanOrEqual(4.2);
    }
  });

  it('every colour has its rule and its variable', () => {
    for (const name of Object.keys(colours)) {
      expect(chartRules()).toContain(`.f-${name}{fill:var(--${name})}`);
      expect(variables('dark')).toContain(`--${name}:#`);
    }
  });

  it('markup in text is escaped, and characters that XML does not know or that turn text round are replaced', () => {
    expect(escape(`<a b="c" d='e'>&`)).toBe('&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;');
    expect(escape('a\u0000b\u001bc\nd')).toBe('a\ufffdb\ufffdc\nd');
    expect(escape('a\u009bb\u202ec\ud800d\u{1f469}\u200d')).toBe('a\ufffdb\ufffdc\ufffdd\u{1f469}\u200d');
  });
});

describe('the search for a learning rate', () => {
  const search = {
    rates: [1e-4, 1e-3, 1e-2, 1e-1, 1],
    losses: [2, 1.9, 1, 1.5, 900],
    smoothed: [2, 1.95, 1.2, 1.3, 300],
    suggestion: 1e-2,
  };

  it('has an axis of powers, and marks the suggestion', () => {
    const drawing = rateSearchChart(search);
    elementsOf(drawing);
    expect(textsIn(drawing)).toEqual(expect.arrayContaining(['1e-4', '1e-3', '1e-1', 'suggested 1e-2']));
  });

  it('cuts off what diverges', () => {
    expect(textsIn(rateSearchChart(search)).join(' ')).not.toMatch(/\b[39]00\./);
  });

  it('has no mark without a suggestion', () => {
    const text = textsIn(rateSearchChart({ ...search, suggestion: undefined })).join(' ');
    expect(text).not.toContain('suggested');
  });
});

describe('maps of what mattered', () => {
  const picture: Picture = { data: Uint8Array.of(200, 100), width: 2, height: 1, channels: 1 };
  const pixelsOf = (values: readonly number[]): number[] => {
    const drawn: Picture[] = [];
    const encode = (each: Picture): Uint8Array => {
      drawn.push(each);
      return Uint8Array.of(1);
    };
    const drawing = heatMapChart({ title: 'Seen', images: [{ picture, values, label: hostile }], encode });
    elementsOf(drawing);
    return [...drawn.find(({ channels }) => channels === 3)!.data];
  };

  it('colours positive values red and negative ones blue over the darkened picture', () => {
    expect(pixelsOf([0, 2])).toEqual([100, 100, 100, 255, 153, 0]);
    expect(pixelsOf([-1, 0])).toEqual([40, 110, 255, 50, 50, 50]);
    expect(pixelsOf([0, 0])).toEqual([100, 100, 100, 50, 50, 50]);
    // Two channels: the stronger counts.
    expect(pixelsOf([0, 0, 1, -3])).toEqual([100, 100, 100, 40, 110, 255]);
  });

  it('refuses values that do not fit', () => {
    expect(() => pixelsOf([1, 2, 3])).toThrow('there are 3 values for a picture of 2×1');
  });
});
