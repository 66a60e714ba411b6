/** `report.html`: everything about one run on one page. Missing parts are replaced by a line saying so. */
import { maxOf } from '../../extent.js';
import { accuracyChart, lossChart, rateDrops } from '../charts/history_charts.js';
import { duration, grouped, percent, rate } from '../charts/numbers.js';
import { pictureTable } from '../charts/picture_table.js';
import type { EncodePng } from '../charts/picture.js';
import { kernelTotals, timingBars } from '../charts/timing_bars.js';
import type { Drawing } from '../charts/svg.js';
import { countRight } from '../confusion.js';
import { type Evaluation, balancedAccuracyOf, classScores, macroAverage } from '../evaluation.js';
import type { AugmentedSamples, EvaluationFile, KernelTime, TestedSet } from '../evaluation_file.js';
import type { EpochHistory } from '../history.js';
import { type JsonRecord, type RunRecord, type Score, show, testedPart, wordsOf } from '../run_record.js';
import { type Section, absent, facts, figure, paragraph, table, tiles } from './elements.js';
import { page } from './page.js';
import { classesSection, confusionSection, predictionsSection } from './test_sections.js';

/** A row of the table of layers. */
export interface LayerRow {
  readonly name: string;
  readonly className: string;
  readonly outputShape: readonly number[];
  readonly parameterCount: number;
}

export interface RunReport {
  /** The name of the run: its folder. */
  readonly name: string;
  readonly run: RunRecord;
  readonly history: EpochHistory;
  readonly layers?: readonly LayerRow[];
  /** Undefined until the run has been tested. */
  readonly evaluation: EvaluationFile;
}

export function runReportPage(report: RunReport, encode: EncodePng): string {
  const { name, run, evaluation } = report;
  const { tested, augmented, kernelTimes } = evaluation;
  const part = testedPart(run);
  // For a path, its last component.
  const dataset = show(run.recipe['dataset']).replace(/^.*[\\/](?=[^\\/]+[\\/]?$)/, '');
  return page({
    title: `${dataset}: ${run.model ?? show(run.recipe['model'])} model`,
    subtitle: `Run ${name}${run.startedAt === undefined ? '' : `, started ${day(run.startedAt)}`}`,
    lead: figures(report),
    sections: [
      resultSection(report),
      curvesSection(report),
      confusionSection(tested, part),
      classesSection(tested, part),
      predictionsSection(tested, part, encode),
      augmentedSection(augmented, encode),
      modelSection(report),
      setupSection(run),
      timingSection(kernelTimes),
    ],
    footer: `Written by shadegrad${run.versions['shadegrad'] === undefined ? '' : ` ${show(run.versions['shadegrad'])}`}. This page is one file and fetches nothing.`,
  });
}

/** `2026-11-22 12:30 UTC`. */
function day(time: string): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? time : `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

// ---- the result ----

function figures({ run, history, evaluation: { tested } }: RunReport): string {
  const { result } = run;
  const test = testScore(run, tested);
  const values = [
    ...(test
      ? [
          {
            name: 'test accuracy',
            value: percent(test.accuracy),
            note: tested ? `${grouped(mistakes(tested))} of ${grouped(tested.evaluation.count)} wrong` : '',
          },
        ]
      : []),
    ...(tested
      ? [
          { name: 'top-2 accuracy', value: percent(tested.evaluation.topTwoAccuracy) },
          ...balanced(tested.evaluation),
          { name: 'macro F1', value: percent(macroAverage(classScores(tested.evaluation), 'f1')) },
          {
            name: 'calibration error',
            value: percent(tested.evaluation.calibrationError),
            note: 'expected, 10 bins',
          },
        ]
      : []),
    { name: 'epochs', value: grouped(history.epochs.at(-1) ?? 0), note: plannedEpochs(run) },
    ...(result?.seconds === undefined
      ? []
      : [{ name: 'time', value: duration(result.seconds), note: 'total' }]),
  ];
  return tiles(values);
}

function plannedEpochs({ recipe }: RunRecord): string {
  return typeof recipe['epochs'] === 'number' ? `of at most ${recipe['epochs']}` : '';
}

function mistakes({ evaluation }: TestedSet): number {
  return evaluation.count - countRight(evaluation);
}

/** Of run.json, else of evaluation.json; none if the data set has no test part. */
export function testScore(run: RunRecord, tested: TestedSet | undefined): Score | undefined {
  if (run.result?.test) return run.result.test;
  if (testedPart(run) !== 'test') return undefined;
  return tested && { accuracy: tested.evaluation.accuracy, loss: tested.evaluation.loss };
}

/** The validation results of the kept epoch: from run.json, otherwise from the history. */
export function validationScore({ run, history }: RunReport): Score | undefined {
  if (run.result?.validation) return run.result.validation;
  const at = history.epochs.indexOf(run.result?.bestEpoch ?? -1);
  const accuracy = history.metrics['val_accuracy']?.[at];
  const loss = history.metrics['val_loss']?.[at];
  if (typeof accuracy !== 'number') return undefined;
  return { accuracy, ...(typeof loss === 'number' ? { loss } : {}) };
}

function resultSection(report: RunReport): Section {
  const { run, history, evaluation } = report;
  const { tested } = evaluation;
  const { result } = run;
  const row = (name: string, part: string, score: Score | undefined): string[] => [
    name,
    score?.images === undefined ? count(run.images[part]) : grouped(score.images),
    score ? percent(score.accuracy) : '–',
    score?.loss === undefined ? '–' : score.loss.toFixed(4),
  ];
  const last = history.epochs.at(-1) ?? 0;
  const why =
    result?.bestEpoch === undefined
      ? 'This run has not finished, so there is no result yet.'
      : `The weights are those of epoch ${result.bestEpoch} of ${last}: ${result.reason ?? 'the best validation accuracy'}. ${
          testedPart(run) === 'test'
            ? 'The test images did not influence that choice.'
            : 'The data set has no labelled test images, and the validation images had a part in that choice: their figures are optimistic.'
        }`;
  const html = [
    table({
      caption: 'Accuracy and loss of the kept weights on each part of the data',
      isCaptionHidden: true,
      head: ['part', 'images', 'accuracy', 'loss'],
      rows: [
        row('training', 'train', result?.train),
        row('validation', 'validation', validationScore(report)),
        row('test', 'test', testScore(run, tested)),
      ],
      numeric: [1, 2, 3],
    }),
    paragraph(why),
  ];
  return { id: 'result', title: 'Result', html: html.join('\n') };
}

function count(value: RunRecord['images'][string] | undefined): string {
  return typeof value === 'number' ? grouped(value) : '–';
}

// ---- curves ----

function curvesSection({ run, history }: RunReport): Section {
  const best = run.result?.bestEpoch;
  const options = { history, ...(best === undefined ? {} : { bestEpoch: best }) };
  const html =
    history.epochs.length === 0
      ? absent('No epoch has finished yet, so there is nothing to draw.')
      : `<div class="columns charts">${figure(accuracyChart(options))}${figure(lossChart(options))}</div>${paragraph(curveNotes(history))}`;
  return { id: 'curves', title: 'Curves', html };
}

function curveNotes(history: EpochHistory): string {
  const { metrics } = history;
  const notes = metrics['val_accuracy']
    ? [
        'Training solid with filled points, validation dashed with hollow ones; the ring is the epoch whose weights were kept.',
      ]
    : ['There are no validation images, so only training is drawn.'];
  const drops = rateDrops(history);
  if (drops.length > 0)
    notes.push('Dashed vertical lines: the learning rate was lowered, to the rate written above them.');
  const rates = (metrics['learning_rate'] ?? []).filter((value) => value !== null);
  const [first] = rates;
  const last = rates.at(-1);
  if (drops.length === 0 && first !== undefined && last !== undefined) {
    const isSteady = rates.every((value) => value === first);
    notes.push(
      isSteady
        ? `The learning rate stayed at ${rate(first)}.`
        : `The learning rate followed a schedule, ${rate(first)} in the first epoch and ${rate(last)} in the last.`,
    );
  }
  if (metrics['val_accuracy'])
    notes.push(
      'Training accuracy is a mean over the epoch, with dropout and augmentation, so validation may be above it.',
    );
  return notes.join(' ');
}

// ---- augmentation, model, set-up, timing ----

function augmentedDrawing({ recipe, rows }: AugmentedSamples, encode: EncodePng): Drawing {
  const variants = Math.max(0, maxOf(rows.map(({ variants }) => variants.length)));
  return pictureTable({
    title: 'Augmented training images',
    note: recipe,
    columns: [
      { label: 'original', count: 1 },
      { label: 'as the model sees it', count: variants },
    ],
    rows: rows.map(({ original, variants }) => ({ label: '', pictures: [original, ...variants] })),
    encode,
  });
}

function augmentedSection(augmented: AugmentedSamples | undefined, encode: EncodePng): Section {
  const html = augmented
    ? figure(
        augmentedDrawing(augmented, encode),
        'Each row: a training image, then augmented versions of it; every epoch draws new ones.',
      )
    : absent('The training images were used as they are, without augmentation.');
  return { id: 'augmentation', title: 'Augmentation', html };
}

function modelSection({ layers, run }: RunReport): Section {
  const settings = Object.entries(run.recipe).map(([name, value]): [string, string] => [
    wordsOf(name),
    show(value),
  ]);
  const html = `<div class="columns"><div>${layerTable(layers)}</div><div>${facts('Settings', settings)}</div></div>`;
  return { id: 'model', title: 'Model and settings', html };
}

function layerTable(layers: readonly LayerRow[] | undefined): string {
  if (!layers) return absent('model.json is missing, so the layers are not shown.');
  const total = layers.reduce((sum, { parameterCount }) => sum + parameterCount, 0);
  return table({
    caption: 'Layers',
    head: ['layer', 'kind', 'output shape', 'parameters'],
    rows: layers.map(({ name, className, outputShape, parameterCount }) => [
      name,
      className,
      outputShape.join(' × '),
      grouped(parameterCount),
    ]),
    foot: [['total', '', '', grouped(total)]],
    numeric: [3],
  });
}

function setupSection({ device, versions, images, source }: RunRecord): Section {
  const rows = (record: JsonRecord): [string, string][] =>
    Object.entries(record).map(([name, value]) => [wordsOf(name), show(value)]);
  const counts = Object.entries(images).map(([part, value]): [string, string] => [
    wordsOf(part),
    count(value),
  ]);
  const data = source === undefined ? counts : [...counts, ['found in', source] as [string, string]];
  const parts = [facts('Data', data), facts('Device', rows(device)), facts('Versions', rows(versions))];
  return {
    id: 'setup',
    title: 'Data, device and versions',
    html: `<div class="columns narrow">${parts.join('\n')}</div>`,
  };
}

function timingSection(times: readonly KernelTime[] | undefined): Section {
  const id = 'timing';
  const title = 'Timing';
  if (!times || times.length === 0) {
    return { id, title, html: absent('The kernels of this run were not timed.') };
  }
  const total = times.reduce((sum, { ms }) => sum + ms, 0);
  const all = table({
    caption: 'Every kernel of the step, the slowest first',
    head: ['kernel', 'variant', 'shapes', 'ms', 'share'],
    rows: [...times]
      .sort((a, b) => b.ms - a.ms)
      .map(({ kernel, variant, shapes, ms, share }) => [
        kernel,
        variant,
        shapes,
        ms.toFixed(3),
        percent(share, 1),
      ]),
    numeric: [3, 4],
  });
  const kinds = kernelTotals(times).length;
  return {
    id,
    title,
    html: [
      paragraph(
        `${grouped(total, 1)} ms for the ${times.length} kernels of one training step, each timed separately.`,
      ),
      figure(timingBars(times), `${kinds} kinds of kernel; the same kernel at several shapes is one bar.`),
      `<details><summary>All ${times.length} kernels</summary>${all}</details>`,
    ].join('\n'),
  };
}

/** Where the classes are unequal. */
function balanced(evaluation: Evaluation): readonly { readonly name: string; readonly value: string }[] {
  const found = balancedAccuracyOf(classScores(evaluation));
  return found === undefined ? [] : [{ name: 'balanced accuracy', value: percent(found) }];
}
