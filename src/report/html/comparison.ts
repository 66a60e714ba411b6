/** The page that compares runs: settings, results and curves. */
import { maxOf, minOf } from '../../extent.js';
import { dotChart } from '../charts/dot_chart.js';
import { type LineSeries, lineChart } from '../charts/line_chart.js';
import { markers } from '../charts/marker.js';
import { duration, grouped, percent } from '../charts/numbers.js';
import { seriesColours } from '../charts/palette.js';
import type { Drawing } from '../charts/svg.js';
import { type KernelTotal, kernelTotals } from '../charts/timing_bars.js';
import { classScores, macroAverage } from '../evaluation.js';
import type { TestedSet } from '../evaluation_file.js';
import { show, wordsOf } from '../run_record.js';
import { type Cell, type Section, absent, figure, paragraph, table } from './elements.js';
import { page } from './page.js';
import { type RunReport, testScore, validationScore } from './run_report.js';
import { confusionDrawing } from './test_sections.js';

/** The curves of all runs on the same axes. */
export interface ComparisonCurves {
  readonly accuracy: Drawing;
  readonly loss: Drawing;
}

export function comparisonPage(runs: readonly RunReport[], version: string): string {
  return page({
    title: `${runs.length} runs compared`,
    subtitle: runs.map(({ name }) => name).join(', '),
    lead: '',
    sections: [
      resultsSection(runs),
      settingsSection(runs),
      curvesSection(runs),
      classesSection(runs),
      confusionSection(runs),
      timingSection(runs),
    ],
    footer: `Written by shadegrad ${version}. This page is one file and fetches nothing.`,
  });
}

// ---- results ----

interface Measure {
  readonly name: string;
  readonly of: (run: RunReport) => number | undefined;
  readonly show: (value: number) => string;
  /** Which of two values is better; undefined if neither is. */
  readonly better?: 'higher' | 'lower';
}

const tested = (run: RunReport, of: (set: TestedSet) => number): number | undefined =>
  run.evaluation.tested && of(run.evaluation.tested);
const fixed = (value: number): string => value.toFixed(4);

const measures: readonly Measure[] = [
  {
    name: 'test accuracy',
    of: (run) => testScore(run.run, run.evaluation.tested)?.accuracy,
    show: percent,
    better: 'higher',
  },
  {
    name: 'test loss',
    of: (run) => testScore(run.run, run.evaluation.tested)?.loss,
    show: fixed,
    better: 'lower',
  },
  {
    name: 'top-2 accuracy',
    of: (run) => tested(run, ({ evaluation }) => evaluation.topTwoAccuracy),
    show: percent,
    better: 'higher',
  },
  {
    name: 'macro F1',
    of: (run) => tested(run, ({ evaluation }) => macroAverage(classScores(evaluation), 'f1')),
    show: percent,
    better: 'higher',
  },
  {
    name: 'calibration error',
    of: (run) => tested(run, ({ evaluation }) => evaluation.calibrationError),
    show: percent,
    better: 'lower',
  },
  {
    name: 'validation accuracy',
    of: (run) => validationScore(run)?.accuracy,
    show: percent,
    better: 'higher',
  },
  {
    name: 'training accuracy',
    of: ({ run }) => run.result?.train?.accuracy,
    show: percent,
  },
  { name: 'kept epoch', of: ({ run }) => run.result?.bestEpoch, show: (value) => grouped(value) },
  { name: 'epochs', of: ({ history }) => history.epochs.at(-1), show: (value) => grouped(value) },
  {
    name: 'parameters',
    of: ({ layers }) => layers?.reduce((sum, { parameterCount }) => sum + parameterCount, 0),
    show: (value) => grouped(value),
  },
  { name: 'total time', of: ({ run }) => run.result?.seconds, show: duration, better: 'lower' },
];

function resultsSection(runs: readonly RunReport[]): Section {
  const isFair = sameTest(runs);
  const rows = measures.flatMap(({ name, of, show, better }) => {
    const values = runs.map(of);
    const known = values.filter((value) => value !== undefined);
    if (known.length === 0) return [];
    const best = better === 'higher' ? maxOf(known) : minOf(known);
    // If all are equal, or the data sets differ, none is best.
    const hasBest =
      isFair && better !== undefined && known.length > 1 && known.some((value) => value !== best);
    const cells = values.map((value): string | Cell => {
      if (value === undefined) return '–';
      return hasBest && value === best ? { text: show(value), mark: '★' } : show(value);
    });
    return [[name, ...cells]];
  });
  const unfinished = runs.filter(({ run }) => run.result === undefined).map(({ name }) => name);
  const notes = [
    ...(isFair
      ? ['A star marks the best value in a row.']
      : ['The runs were tested on different data, so no figure is marked as the best.']),
    ...(unfinished.length === 0 ? [] : [`Not finished, so without a result: ${unfinished.join(', ')}.`]),
  ];
  const html = table({
    caption: 'Results',
    isCaptionHidden: true,
    head: ['', ...runs.map(({ name }) => name)],
    rows,
    numeric: runs.map((_, i) => i + 1),
  });
  return { id: 'results', title: 'Results', html: html + paragraph(notes.join(' ')) };
}

function sameTest(runs: readonly RunReport[]): boolean {
  const keys = runs.map(({ run }) => JSON.stringify([run.recipe['dataset'], run.images['test']]));
  return keys.every((key) => key === keys[0]);
}

// ---- settings ----

function settingsSection(runs: readonly RunReport[]): Section {
  const records = runs.map(({ run }) => ({
    ...run.recipe,
    ...Object.fromEntries(Object.entries(run.images).map(([part, count]) => [`${part} images`, count])),
    device: run.device['adapter'] ?? null,
    shadegrad: run.versions['shadegrad'] ?? null,
  }));
  const names = [...new Set(records.flatMap((record) => Object.keys(record)))];
  const rows = names.map((name) => {
    const values = records.map((record) => show((record as RunReport['run']['recipe'])[name]));
    const differs = values.some((value) => value !== values[0]);
    const label = wordsOf(name);
    return {
      differs,
      cells: differs
        ? [{ text: label, mark: '≠' }, ...values.map((text) => ({ text, mark: '' }))]
        : [label, ...values],
    };
  });
  const different = rows.filter(({ differs }) => differs);
  const same = rows.filter(({ differs }) => !differs);
  const head = ['', ...runs.map(({ name }) => name)];
  const html = [
    different.length === 0
      ? absent('All settings are the same.')
      : table({
          caption: 'Settings that differ (marked ≠)',
          head,
          rows: different.map(({ cells }) => cells),
        }),
    `<details><summary>${same.length} settings that are the same</summary>${table({
      caption: 'Settings that are the same',
      isCaptionHidden: true,
      head,
      rows: same.map(({ cells }) => cells),
    })}</details>`,
  ];
  return { id: 'settings', title: 'Settings', html: html.join('\n') };
}

// ---- curves ----

/** Validation if there is any, otherwise training; one colour and marker per run. */
export function comparisonCurves(runs: readonly RunReport[]): ComparisonCurves {
  const series = (metric: string): LineSeries[] =>
    runs.flatMap(({ name, run, history: { epochs, metrics } }, i) => {
      const validation = metrics[`val_${metric}`];
      const values = validation ?? metrics[metric];
      if (!values) return [];
      return [
        {
          label: validation ? name : `${name} (training)`,
          x: epochs,
          y: values,
          colour: seriesColours[i % seriesColours.length]!,
          isDashed: !validation,
          marker: markers[i % markers.length]!,
          ...(run.result?.bestEpoch === undefined ? {} : { ringAt: run.result.bestEpoch }),
        },
      ];
    });
  return {
    accuracy: lineChart({
      title: 'Validation accuracy',
      xLabel: 'epoch',
      unit: 'percent',
      series: series('accuracy'),
      format: percent,
    }),
    loss: lineChart({
      title: 'Validation loss',
      xLabel: 'epoch',
      unit: 'number',
      mayBeLog: true,
      series: series('loss'),
      format: fixed,
    }),
  };
}

function curvesSection(runs: readonly RunReport[]): Section {
  const { accuracy, loss } = comparisonCurves(runs);
  const note = 'Each run has its own marker; the ring is the epoch whose weights were kept.';
  const html = `<div class="columns charts">${figure(accuracy)}${figure(loss)}</div>${paragraph(note)}`;
  return { id: 'curves', title: 'Curves', html };
}

// ---- the test sets ----

interface TestedRun {
  readonly name: string;
  readonly set: TestedSet;
}

function testedRuns(runs: readonly RunReport[]): TestedRun[] {
  return runs.flatMap(({ name, evaluation: { tested } }) => (tested ? [{ name, set: tested }] : []));
}

function classesSection(runs: readonly RunReport[]): Section {
  const id = 'classes';
  const title = 'Classes';
  const all = testedRuns(runs);
  if (all.length < 2) return { id, title, html: absent('Fewer than two runs have been tested.') };
  const { classNames } = all[0]!.set;
  const isSame = all.every(({ set }) => set.classNames.join('\n') === classNames.join('\n'));
  if (!isSame)
    return {
      id,
      title,
      html: absent('The runs have different classes, so the classes are not compared.'),
    };
  const scores = all.map(({ name, set }) => ({
    label: name,
    values: classScores(set.evaluation).map(({ f1 }) => f1),
  }));
  const shown = mostUnlike(scores.map(({ values }) => values));
  const groups = scores.map(({ label, values }) => ({ label, values: shown.map((i) => values[i] ?? null) }));
  const names = shown.map((i) => classNames[i]!);
  const which =
    shown.length === classNames.length
      ? 'each class'
      : `the ${shown.length} of ${grouped(classNames.length)} classes in which the runs differ most`;
  const chart = dotChart({
    title: `F1 of ${which}`,
    categories: names,
    groups,
    xLabel: 'F1',
    format: percent,
  });
  const listed = table({
    caption: `F1 of ${which} (★ best)`,
    head: ['class', ...all.map(({ name }) => name)],
    rows: names.map((name, i) => {
      const values = groups.map(({ values }) => values[i] ?? null);
      const best = maxOf(values.map((value) => value ?? -1));
      const isShared = values.every((value) => value === best);
      return [
        name,
        ...values.map((value): string | Cell => {
          if (value === null) return '–';
          return value === best && !isShared ? { text: percent(value), mark: '★' } : percent(value);
        }),
      ];
    }),
    numeric: all.map((_, i) => i + 1),
  });
  return { id, title, html: `<div class="columns">${figure(chart)}<div>${listed}</div></div>` };
}

/** With more classes only some are shown. */
const mostListed = 100;

/** The labels of the classes to show, ascending: with many classes, those in which the runs differ most. */
function mostUnlike(scores: readonly (readonly (number | null)[])[]): number[] {
  const labels = scores[0]!.map((_, label) => label);
  if (labels.length <= mostListed) return labels;
  const spans = labels.map((label) => {
    const own = scores.map((values) => values[label] ?? 0);
    return maxOf(own) - minOf(own);
  });
  return labels
    .sort((a, b) => spans[b]! - spans[a]! || a - b)
    .slice(0, mostListed)
    .sort((a, b) => a - b);
}

function confusionSection(runs: readonly RunReport[]): Section {
  const all = testedRuns(runs);
  const html =
    all.length === 0
      ? absent('No run has been tested.')
      : `<div class="columns charts">${all.map(({ name, set }) => figure(confusionDrawing(set, name))).join('\n')}</div>`;
  return { id: 'confusion', title: 'Confusion', html };
}

// ---- timing ----

/** The other kernels are combined in one row. */
const shownKernels = 15;

function timingSection(runs: readonly RunReport[]): Section {
  const id = 'timing';
  const title = 'Timing';
  const timed = runs.flatMap(({ name, evaluation: { kernelTimes = [] } }) =>
    kernelTimes.length > 0 ? [{ name, totals: kernelTotals(kernelTimes) }] : [],
  );
  if (timed.length === 0) return { id, title, html: absent('The kernels of these runs were not timed.') };
  const key = ({ kernel, variant }: { readonly kernel: string; readonly variant: string }) =>
    `${kernel} · ${variant}`;
  const largest = new Map<string, number>();
  for (const { totals } of timed)
    for (const total of totals) largest.set(key(total), Math.max(largest.get(key(total)) ?? 0, total.ms));
  const names = [...largest].sort((a, b) => b[1] - a[1]).map(([name]) => name);
  const shown = names.slice(0, shownKernels);
  const ms = (totals: readonly KernelTotal[], isCounted: (name: string) => boolean): string => {
    const own = totals.filter((total) => isCounted(key(total)));
    return own.length === 0 ? '–' : own.reduce((sum, { ms }) => sum + ms, 0).toFixed(2);
  };
  const row = (name: string, isCounted: (name: string) => boolean): string[] => [
    name,
    ...timed.map(({ totals }) => ms(totals, isCounted)),
  ];
  const others = names.length - shown.length;
  const html = table({
    caption: 'Milliseconds of each kernel in one training step',
    head: ['kernel', ...timed.map(({ name }) => name)],
    rows: [
      ...shown.map((name) => row(name, (other) => other === name)),
      ...(others > 0 ? [row(`${others} others`, (name) => !shown.includes(name))] : []),
    ],
    foot: [row('total', () => true)],
    numeric: timed.map((_, i) => i + 1),
  });
  return { id, title, html };
}
