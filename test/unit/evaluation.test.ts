/**
 * Plan: five images in three classes, computed by hand; a class without images or guesses; ties; a second opinion
 * by NumPy on 60 images (test/fixtures/make_evaluation.py); the choice of random images; what does not fit is a
 * DataError. Then the same through evaluation.json: there and back, and every way to damage it.
 */
import { describe, expect, it } from 'vitest';
import { DataError } from '../../src/errors.js';
import {
  balancedAccuracyOf,
  classScores,
  confusedPairs,
  evaluate,
  macroAverage,
} from '../../src/report/evaluation.js';
import {
  type EvaluationFile,
  type Picture,
  evaluationFromJson,
  evaluationToJson,
} from '../../src/report/evaluation_file.js';
import byNumpy from '../fixtures/evaluation.json' with { type: 'json' };

const labels = [0, 1, 2, 2, 1];
const rows = [
  [0.7, 0.2, 0.1], // right
  [0.1, 0.6, 0.3], // right
  [0.5, 0.3, 0.2], // 2 classified as 0, and only third
  [0.1, 0.1, 0.8], // right
  [0.5, 0.4, 0.1], // 1 classified as 0, but second
];
const byHand = evaluate(labels, rows.flat(), 3, { seed: 1 });

describe('evaluate', () => {
  it('by hand', () => {
    expect(byHand).toMatchObject({ count: 5, accuracy: 3 / 5, topTwoAccuracy: 4 / 5 });
    expect(byHand.loss).toBeCloseTo(-Math.log(0.7 * 0.6 * 0.2 * 0.8 * 0.4) / 5, 12);
    expect(byHand.confusion).toEqual([
      [1, 0, 0],
      [1, 1, 0],
      [1, 0, 1],
    ]);
    // Both mistakes are equally sure: the earlier one comes first.
    expect(byHand.worst).toEqual([
      { index: 2, truth: 2, guess: 0, confidence: 0.5 },
      { index: 4, truth: 1, guess: 0, confidence: 0.5 },
    ]);
    // 0.5 belongs to the tenth that ends there: 2/5·0.5 + 1/5·(0.4 + 0.3 + 0.2).
    expect(byHand.bins.map(({ count }) => count)).toEqual([0, 0, 0, 0, 2, 1, 1, 1, 0, 0]);
    expect(byHand.calibrationError).toBeCloseTo(0.38, 12);
  });

  it('scores of classes by hand', () => {
    expect(classScores(byHand.confusion)).toEqual([
      { label: 0, support: 1, precision: 1 / 3, recall: 1, f1: 1 / 2 },
      { label: 1, support: 2, precision: 1, recall: 1 / 2, f1: 2 / 3 },
      { label: 2, support: 2, precision: 1, recall: 1 / 2, f1: 2 / 3 },
    ]);
    expect(macroAverage(classScores(byHand.confusion), 'f1')).toBeCloseTo((1 / 2 + 2 / 3 + 2 / 3) / 3, 12);
  });

  it('a class that is never predicted, one that never occurs, and one with neither', () => {
    const scores = classScores([
      [0, 2, 0, 0],
      [0, 3, 0, 0],
      [0, 0, 0, 0],
      [0, 0, 1, 0],
    ]);
    expect(scores.map(({ precision, recall, f1 }) => [precision, recall, f1])).toEqual([
      [null, 0, 0],
      [3 / 5, 1, 3 / 4],
      [0, null, 0],
      [null, 0, 0],
    ]);
    expect(classScores([[0]])).toEqual([{ label: 0, support: 0, precision: null, recall: null, f1: null }]);
    expect(macroAverage(scores, 'precision')).toBeCloseTo(3 / 5 / 4, 12);
  });

  it('balanced accuracy, where the classes are unequal', () => {
    const of = (rows: number[][]): number | undefined => balancedAccuracyOf(classScores(rows));
    expect(
      of([
        [8, 2],
        [1, 4],
      ]),
    ).toBeCloseTo((0.8 + 0.8) / 2, 12);
    expect(
      of([
        [9, 6, 0],
        [5, 5, 0],
        [0, 0, 0],
      ]),
    ).toBeUndefined();
    expect(
      of([
        [9, 6, 1],
        [5, 5, 0],
        [0, 0, 0],
      ]),
    ).toBeCloseTo((9 / 16 + 1 / 2) / 2, 12);
  });

  it('pairs, most often first', () => {
    const confusion = [
      [5, 2, 1],
      [2, 8, 0],
      [0, 4, 0],
    ];
    expect(confusedPairs(confusion, 3)).toEqual([
      { truth: 2, guess: 1, count: 4, share: 1 },
      { truth: 0, guess: 1, count: 2, share: 1 / 4 },
      { truth: 1, guess: 0, count: 2, share: 1 / 5 },
    ]);
    expect(confusedPairs([[3]], 3)).toEqual([]);
  });

  it('the lower class wins a tie', () => {
    const { random, topTwoAccuracy } = evaluate([2], [1 / 3, 1 / 3, 1 / 3], 3, { seed: 0 });
    expect(random[0]).toMatchObject({ guess: 0 });
    expect(topTwoAccuracy).toBe(0);
  });

  it('a vanished probability costs much, but not everything', () => {
    expect(evaluate([1], [1, 0], 2, { seed: 0 }).loss).toBeCloseTo(-Math.log(1e-30), 9);
  });

  it('as NumPy', () => {
    const found = evaluate(byNumpy.labels, byNumpy.probabilities, 4, { seed: 0 });
    for (const key of ['accuracy', 'topTwoAccuracy', 'loss', 'calibrationError'] as const)
      expect(found[key], key).toBeCloseTo(byNumpy[key], 12);
    expect(found.confusion).toEqual(byNumpy.confusion);
    expect(found.worst.map(({ index }) => index)).toEqual(byNumpy.worst.slice(0, 25));
    const scores = classScores(found.confusion);
    for (const key of ['precision', 'recall', 'f1'] as const)
      scores.forEach((score, i) => expect(score[key], `${key} ${i}`).toBeCloseTo(byNumpy[key][i]!, 12));
  });

  it('random images depend on the seed alone, and none comes twice', () => {
    const of = (seed: number) =>
      evaluate(byNumpy.labels, byNumpy.probabilities, 4, { seed }).random.map(({ index }) => index);
    expect(new Set(of(3)).size).toBe(25);
    expect(of(3)).toEqual(of(3));
    expect(of(3)).not.toEqual(of(4));
    expect(byHand.random).toHaveLength(5);
  });

  it.each([
    [[], [], 2, 'evaluation: there are no images to evaluate.'],
    [[0], [1], 2, 'evaluation: 1 labels of 2 classes need 2 probabilities, but there are 1.'],
    [[2], [1, 0], 2, 'evaluation: label 0 is 2, expected one from 0 to 1.'],
    [
      [0, 1],
      [1, 0, NaN, 1],
      2,
      "evaluation: the probabilities of image 1 are not all numbers (class 0: NaN); the model's training probably diverged. Train again with a smaller learning rate.",
    ],
  ])('labels %j with probabilities %j do not fit', (labels, probabilities, classes, message) => {
    expect(() => evaluate(labels, probabilities, classes, { seed: 0 })).toThrow(new DataError(message));
  });
});

describe('evaluation.json', () => {
  const picture = (value: number, channels: 1 | 3 = 1): Picture => ({
    data: new Uint8Array(6 * channels).fill(value),
    height: 2,
    width: 3,
    channels,
  });
  const file: EvaluationFile = {
    tested: {
      classNames: ['a', '"b"', '<c>'],
      evaluation: byHand,
      worstImages: [picture(0), picture(255)],
      randomImages: [1, 2, 3, 4, 5].map((value) => picture(value, 3)),
    },
    augmented: { recipe: 'turned', rows: [{ original: picture(9), variants: [picture(8), picture(7)] }] },
    kernelTimes: [{ kernel: 'conv2d', variant: 'baseline', shapes: '[1]', ms: 1.5, share: 1 }],
  };

  it('there and back', () => {
    const text = evaluationToJson(file);
    expect(evaluationFromJson(text, 'x')).toEqual(file);
    expect(evaluationToJson(evaluationFromJson(text, 'x'))).toBe(text);
    expect(evaluationFromJson(evaluationToJson({}), 'x')).toEqual({});
  });

  const damaged = (change: (root: Record<string, unknown>) => void): string => {
    const root = JSON.parse(evaluationToJson(file)) as Record<string, unknown>;
    change(root);
    return JSON.stringify(root);
  };
  it.each<[string, (root: Record<string, unknown>) => void, string]>([
    [
      'another format',
      (root) => (root['format'] = 'x 1'),
      'e: not an evaluation: its format is "x 1", expected \'shadegrad evaluation 1\'.',
    ],
    ['no accuracy', (root) => delete root['accuracy'], 'e: not an evaluation: it has no accuracy.'],
    [
      'a short matrix',
      (root) => (root['confusion'] = [[1, 2, 3]]),
      "e: not an evaluation: 'confusion' has 1 rows for 3 classes.",
    ],
    [
      'a ragged matrix',
      (root) => (root['confusion'] = [[1], [1], [1]]),
      "e: not an evaluation: 'confusion' has a row of 1, expected 3.",
    ],
    [
      'an unknown class',
      (root) => (root['worst'] = [{ index: 0, truth: 3, guess: 0, confidence: 1 }]),
      "e: not an evaluation: 'worst' names class 3 of 3.",
    ],
    [
      'missing pictures',
      (root) => (root['worstImages'] = []),
      "e: not an evaluation: 'worstImages' holds 0 pictures, expected 2.",
    ],
    [
      'a picture cut short',
      (root) =>
        (root['worstImages'] = [
          { size: [2, 3, 1], pixels: 'AAAA' },
          { size: [2, 3, 1], pixels: 'AAAA' },
        ]),
      "e: not an evaluation: 'worstImages' holds a picture of [2,3,1] with 3 bytes.",
    ],
    [
      'pixels that are none',
      (root) =>
        (root['worstImages'] = [
          { size: [2, 3, 1], pixels: '?' },
          { size: [2, 3, 1], pixels: '?' },
        ]),
      "e: not an evaluation: 'worstImages' holds pixels that are not base64.",
    ],
    [
      'a picture of two channels',
      (root) =>
        (root['augmented'] = {
          recipe: '',
          rows: [{ original: { size: [1, 1, 2], pixels: '' }, variants: [] }],
        }),
      "e: not an evaluation: 'augmented' holds a picture of [1,1,2].",
    ],
    [
      'times in words',
      (root) => (root['kernelTimes'] = [{ kernel: 'a', variant: 'b', shapes: '', ms: 'long', share: 1 }]),
      'e: not an evaluation: kernelTimes[0].ms is "long", expected a number.',
    ],
  ])('%s', (_, change, message) => {
    expect(() => evaluationFromJson(damaged(change), 'e')).toThrow(new DataError(message));
  });

  it('text that is cut anywhere', () => {
    const text = evaluationToJson(file);
    for (let length = 0; length < text.length - 2; length += 13)
      expect(() => evaluationFromJson(text.slice(0, length), 'e')).toThrow(DataError);
    expect(() => evaluationFromJson('[1]', 'e')).toThrow(DataError);
    expect(() => evaluationFromJson('3', 'e')).toThrow(
      new DataError("e: not an evaluation: its format is null, expected 'shadegrad evaluation 1'."),
    );
  });
});
