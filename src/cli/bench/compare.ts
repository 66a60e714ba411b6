/** Compares two results: which figures became slower or faster by more than the noise of the measurements. */
import type { Report } from './report.js';
import { type BenchResults, deviceName } from './results.js';
import type { Spread } from './statistics.js';

/** One figure of a bench. */
export interface Figure {
  /** The same in both files. */
  readonly name: string;
  readonly unit: string;
  readonly better: 'less' | 'more';
  /** For a figure that was measured once, all members are equal. */
  readonly value: Spread;
}

interface Comparison {
  readonly name: string;
  readonly unit: string;
  readonly before: number;
  readonly after: number;
  /** The speedup: above 1 is an improvement, whether less or more is better. */
  readonly gain: number;
  /** Gain or regression: the medians differ by more than 10 %, and the interquartile ranges do not overlap. */
  readonly verdict: 'gain' | 'regression' | 'same';
}

const noise = 0.1;

/** The figures that both results contain, in the order of the second. */
export function compare(before: BenchResults, after: BenchResults): Comparison[] {
  const old = new Map(figuresOf(before).map((figure) => [figure.name, figure]));
  return figuresOf(after).flatMap((figure) => {
    const match = old.get(figure.name);
    return match ? [compareFigures(match, figure)] : [];
  });
}

function compareFigures(before: Figure, { name, unit, better, value: after }: Figure): Comparison {
  const ratio = after.median / before.value.median;
  const gain = better === 'more' ? ratio : 1 / ratio;
  const isApart = after.low > before.value.high || after.high < before.value.low;
  const isBeyondNoise = Math.abs(gain - 1) > noise && isApart;
  const verdict = !isBeyondNoise ? 'same' : gain > 1 ? 'gain' : 'regression';
  return { name, unit, before: before.value.median, after: after.median, gain, verdict };
}

/** The figures that lost more than the fraction `threshold` of their speed. */
export function regressions(rows: readonly Comparison[], threshold: number): Comparison[] {
  return rows.filter(({ verdict, gain }) => verdict === 'regression' && gain < 1 - threshold);
}

/** Makes names unique: a kernel may occur twice on the same shapes, as in the gradients of a square product. */
function numbered(figures: readonly Figure[]): Figure[] {
  const seen = new Map<string, number>();
  return figures.map((figure) => {
    const count = (seen.get(figure.name) ?? 0) + 1;
    seen.set(figure.name, count);
    return count === 1 ? figure : { ...figure, name: `${figure.name} (${count})` };
  });
}

/** Every figure that is compared: those of shadegrad, not those of the device or of other systems. */
export function figuresOf({ sections }: BenchResults): Figure[] {
  const { step = [], kernels = [], endToEnd = [], inputs = [], scaling, to99 } = sections;
  const once = (value: number): Spread => ({
    median: value,
    low: value,
    high: value,
    min: value,
    max: value,
  });
  return numbered([
    ...[...step.map((row) => ({ ...row, name: 'step' })), ...kernels].map(
      ({ kernel, name = '', shapes, ms }): Figure => ({
        name: `${name}: ${kernel} ${shapes}`,
        unit: 'ms',
        better: 'less',
        value: ms,
      }),
    ),
    ...endToEnd.flatMap(
      ({ task, batchSize, imagesPerSecond, encodeMicroseconds, peakBytes, dispatchesPerStep }): Figure[] => {
        const of = `${task}, batch ${batchSize}`;
        return [
          { name: of, unit: 'images/s', better: 'more', value: imagesPerSecond },
          { name: `${of}: encode`, unit: 'µs', better: 'less', value: encodeMicroseconds },
          { name: `${of}: memory`, unit: 'MiB', better: 'less', value: once(peakBytes / 2 ** 20) },
          { name: `${of}: dispatches`, unit: '', better: 'less', value: once(dispatchesPerStep) },
        ];
      },
    ),
    ...inputs.map(({ inputs: name, ms }): Figure => ({
      name: `inputs: ${name}`,
      unit: 'ms',
      better: 'less',
      value: ms,
    })),
    ...(scaling ? [...scaling.byBatch, ...scaling.byImage] : []).flatMap(
      ({ imageSize, batchSize, microBatchSize, stepMilliseconds, measuredBytes }): Figure[] => {
        const of = `scaling: ${imageSize}×${imageSize}, batch ${batchSize}, micro-batch ${microBatchSize}`;
        return [
          { name: of, unit: 'ms', better: 'less', value: stepMilliseconds },
          { name: `${of}: memory`, unit: 'MiB', better: 'less', value: once(measuredBytes / 2 ** 20) },
        ];
      },
    ),
    ...(to99?.isReached
      ? [{ name: 'training to 99 %', unit: 's', better: 'less' as const, value: once(to99.trainingSeconds) }]
      : []),
  ]);
}

// ---- report ----

const marks = { gain: '+', regression: '!', same: '' } as const;

export function reportComparison(
  before: BenchResults,
  after: BenchResults,
  rows: readonly Comparison[],
): Report {
  const named = (results: BenchResults): string =>
    `${deviceName(results)}, ${results.date.slice(0, 10)}, shadegrad ${results.versions['shadegrad'] ?? '?'}`;
  return {
    title: `${named(before)} → ${named(after)}`,
    head: ['', 'figure', 'before', 'after', 'unit', 'gain'],
    rows: rows.map(({ name, unit, before, after, gain, verdict }) => [
      marks[verdict],
      name,
      ...[before, after].map((value) => value.toPrecision(4)),
      unit,
      `${gain.toFixed(2)}×`,
    ]),
    note: `+ marks a gain, ! a regression: the medians differ by more than ${noise * 100} %, and the interquartile ranges do not overlap.`,
  };
}
