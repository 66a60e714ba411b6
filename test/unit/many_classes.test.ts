/**
 * What grows with classes and epochs stays small. Plan: the least and the most of more values than a call takes as arguments;
 * 400, 2,000 and 65,536 classes through evaluation, evaluation.json, the pages of a run, of a comparison and of a data set, and
 * TensorBoard's picture, each saying what it leaves out; 100 classes are drawn whole; 10,000 epochs as lines of at most a
 * thousand points with the same ends and peaks; labels that count something else are refused.
 */
import { describe, expect, it } from 'vitest';
import { countClasses } from '../../src/data/labels.js';
import { DataError } from '../../src/errors.js';
import { maxOf, minOf } from '../../src/extent.js';
import { confusionMatrix } from '../../src/report/charts/confusion_matrix.js';
import { accuracyChart, lossChart } from '../../src/report/charts/history_charts.js';
import { type Evaluation, classScores, confusedPairs, evaluate } from '../../src/report/evaluation.js';
import { evaluationFromJson, evaluationToJson } from '../../src/report/evaluation_file.js';
import { comparisonPage } from '../../src/report/html/comparison.js';
import { type Exploration, explorationDrawings, explorePage } from '../../src/report/html/explore.js';
import { type RunReport, runReportPage } from '../../src/report/html/run_report.js';
import { runFromJson } from '../../src/report/run_record.js';
import { confusionPicture } from '../../src/report/tensorboard/confusion_picture.js';
import { readMarkup, textsOf } from './markup.js';

const encode = (): Uint8Array => Uint8Array.of(7);
const names = (classes: number): string[] => Array.from({ length: classes }, (_, i) => `c${i}`);

/** Sixty images of the labels 0, 7, 14 …, each classified correctly, except every third, which is classified as the next one. */
function tested(classes: number): {
  readonly classNames: readonly string[];
  readonly evaluation: Evaluation;
} {
  const labels = Array.from({ length: 60 }, (_, i) => (7 * i) % classes);
  const probabilities = new Float32Array(60 * classes);
  labels.forEach(
    (label, i) => (probabilities[i * classes + ((label + (i % 3 === 0 ? 1 : 0)) % classes)] = 1),
  );
  return {
    classNames: names(classes),
    evaluation: evaluate(labels, probabilities, classes, { seed: 1 }),
  };
}

const picture = { data: new Uint8Array(1), width: 1, height: 1, channels: 1 } as const;

function reportOf(classes: number, name = 'run'): RunReport {
  const { evaluation, classNames } = tested(classes);
  const pictures = (count: number) => Array.from({ length: count }, () => picture);
  return {
    name,
    run: runFromJson('{"format":"shadegrad run 2","settings":{}}', 'run.json'),
    history: { epochs: [], metrics: {} },
    evaluation: {
      tested: {
        classNames,
        evaluation,
        worstImages: pictures(evaluation.worst.length),
        randomImages: pictures(evaluation.random.length),
      },
    },
  };
}

function explorationOf(classes: number): Exploration {
  return {
    dataset: 'many',
    source: 'here',
    height: 1,
    width: 1,
    channels: 1,
    mean: 0,
    deviation: 0,
    classNames: names(classes),
    parts: [{ part: 'train', counts: Array.from({ length: classes }, (_, i) => i + 1) }],
    samples: [],
    blurred: [],
    sharpened: [],
    augmented: [],
  };
}

it('the least and the most of a million values', () => {
  const values = Float64Array.from({ length: 1e6 }, (_, i) => (i * 7919) % 1e6);
  expect([minOf(values), maxOf(values)]).toEqual([0, 999_999]);
  expect([minOf([]), maxOf([]), maxOf([1, NaN, 2])]).toEqual([Infinity, -Infinity, NaN]);
});

describe.each([400, 2000, 65_536])('%i classes', (classes) => {
  const report = reportOf(classes);
  const { tested: set } = report.evaluation;

  it('are evaluated by the pairs that occur', () => {
    const { evaluation } = set!;
    expect(evaluation.cells).toHaveLength(60);
    expect(evaluation.accuracy).toBe(40 / 60);
    expect(classScores(evaluation)[7]).toEqual({ label: 7, support: 1, precision: 1, recall: 1, f1: 1 });
    expect(confusedPairs(evaluation, 1)).toEqual([{ truth: 0, guess: 1, count: 1, share: 1 }]);
  });

  it('make a short evaluation.json, which is read again', () => {
    const text = evaluationToJson(report.evaluation);
    expect(text.length - JSON.stringify(set!.classNames).length).toBeLessThan(20_000);
    const { cells, classes: read } = evaluationFromJson(text, 'evaluation.json').tested!.evaluation;
    expect([read, cells]).toEqual([classes, set!.evaluation.cells]);
  });

  it('make a report that shows the worst of them', () => {
    const page = runReportPage(report, encode);
    expect(page.length).toBeLessThan(500_000);
    const texts = textsOf(page);
    const count = classes.toLocaleString('en');
    expect(texts).toContain(`The 30 of ${count} classes with the most mistakes.`);
    expect(texts).toContain(
      `Precision, recall and F1 of the 100 of ${count} classes with the lowest F1 on the test set`,
    );
  });

  it('are compared where the runs differ most', () => {
    const page = comparisonPage([report, { ...report, name: 'other' }], '1');
    expect(page.length).toBeLessThan(500_000);
    expect(textsOf(page)).toContain(
      `F1 of the 100 of ${classes.toLocaleString('en')} classes in which the runs differ most (★ best)`,
    );
  });

  it('are explored by those with the fewest and the most images', () => {
    const found = explorationOf(classes);
    const page = explorePage(found, encode, '1');
    expect(page.length).toBeLessThan(200_000);
    const rows = textsOf(page).filter((text) => /^c\d+$/.test(text));
    expect(rows).toEqual(expect.arrayContaining(['c0', 'c49', `c${classes - 50}`, `c${classes - 1}`]));
    expect(rows).not.toContain('c50');
    expect(explorationDrawings(found, encode).classes.height).toBeLessThan(4000);
  });

  it('are a picture of some megapixels', () => {
    const { width, height } = confusionPicture(set!.evaluation);
    expect(width).toBe(height);
    expect(width).toBeLessThan(3000);
  });
});

it('up to 100 classes are drawn whole', () => {
  const chart = (classes: number): string[] =>
    textsOf(
      confusionMatrix({
        title: 'Confusion',
        confusion: tested(classes).evaluation,
        classNames: names(classes),
      }).body,
    );
  expect(chart(100).join()).not.toContain('with the most mistakes');
  expect(chart(101)).toContain('The 30 of 101 classes with the most mistakes.');
});

it('pairs in evaluation.json are checked', () => {
  const text = evaluationToJson(reportOf(400).evaluation);
  const withCells = (cells: string): string =>
    text.replace(/"confusionCells": .*,\n/, `"confusionCells": ${cells},\n`);
  expect(() => evaluationFromJson(withCells('[[0,1,2]]'), 'e')).not.toThrow();
  for (const bad of [
    '[[0,400,1]]',
    '[[0,1]]',
    '[[0,1,0]]',
    '[[1,0,1],[0,1,1]]',
    '[[0,1,1],[0,1,1]]',
    '[7]',
    '[[0.5,1,1]]',
  ])
    expect(() => evaluationFromJson(withCells(bad), 'e'), bad).toThrow(DataError);
});

describe('ten thousand epochs', () => {
  const epochs = Array.from({ length: 10_000 }, (_, i) => i + 1);
  const history = {
    epochs,
    metrics: {
      loss: epochs.map((epoch) => (epoch === 5003 ? 50 : 1 + 1 / epoch)),
      val_loss: epochs.map((epoch) => (epoch % 2 === 0 ? 2 : null)),
      accuracy: epochs.map(() => 0.5),
      learning_rate: epochs.map((epoch) => 1 / Math.ceil(epoch / 100)),
    },
  };

  it('are drawn with a thousand points, and keep the peak, the end and the best', () => {
    const drawing = lossChart({ history, bestEpoch: 7778 });
    const elements = readMarkup(`<svg>${drawing.body}</svg>`);
    expect(elements.filter(({ name }) => name === 'title').length).toBeLessThan(2100);
    expect(drawing.body.length).toBeLessThan(600_000);
    const texts = textsOf(drawing.body);
    for (const kept of ['training, 1: 2.0000', 'training, 5003: 50.0000', 'training, 10000: 1.0001'])
      expect(texts).toContain(kept);
    expect(elements.filter(({ attributes }) => attributes['r'] === '8')).toHaveLength(1);
  });

  it('mark no rates that were lowered a hundred times', () => {
    expect(textsOf(accuracyChart({ history }).body).join()).not.toContain('rate ');
  });

  it('of half a million no list is passed as arguments', () => {
    const many = Array.from({ length: 500_000 }, (_, i) => i + 1);
    const drawing = lossChart({ history: { epochs: many, metrics: { loss: many } } });
    expect(drawing.body.length).toBeLessThan(600_000);
  });
});

describe('labels', () => {
  it('that count something else are refused', () => {
    expect(() => countClasses('mine.csv', [[3, 0], [65_535]])).toThrow(
      new DataError(
        'mine.csv: the largest label is 65535, which makes 65536 classes, but only 3 of them have images; expected labels from 0 on without gaps. Number the classes from 0 to 2.',
      ),
    );
  });

  it('may lack some, and few classes most', () => {
    expect(countClasses('x', [[999]])).toBe(1000);
    expect(() => countClasses('x', [[1000]])).toThrow(DataError);
    const half = Array.from({ length: 1001 }, (_, i) => 2 * i);
    expect(countClasses('x', [half])).toBe(2001);
    expect(countClasses('x', [[]])).toBe(1);
  });
});
