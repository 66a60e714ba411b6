/**
 * The results of a test for every image (web/worker/evaluating_verdicts.ts), by hand for six images of three classes:
 *   predictions, losses −log p and probabilities; sorted by descending loss, ties in their order
 *   the images of a cell, of the diagonal too; of a row or a column and of everything, mistakes only
 *   the summary's figures
 */
import { describe, expect, it } from 'vitest';
import { Verdicts } from '../../web/worker/evaluating_verdicts.js';

const labels = [0, 0, 1, 2, 2, 0];
const probabilities = [
  [0.5, 0.25, 0.25], // right, log 2
  [0.25, 0.5, 0.25], // classified as 1, log 4
  [0.125, 0.75, 0.125], // right, log 4/3
  [0.5, 0.25, 0.25], // classified as 0, log 4
  [0.875, 0.125, 0], // classified as 0, log 1e30
  [0.5, 0.5, 0], // among equals the lowest: right, log 2
].flat();
const verdicts = new Verdicts(labels, probabilities, 3);
const places = (actual: number | null, predicted: number | null): number[] =>
  verdicts.of({ actual, predicted }).map(({ index }) => index);

/** Of 500 classes, 30 images of which the last two are classified as distant classes. */
function many(): Verdicts {
  const own = Array.from({ length: 30 }, (_, i) => 10 * i);
  const rows = new Float32Array(30 * 500);
  own.forEach((label, i) => (rows[500 * i + (i < 28 ? label : 499 - i)] = 1));
  return new Verdicts(own, rows, 500);
}

describe('verdicts', () => {
  it('put the classes with the most mistakes into the matrix where there are many', () => {
    const { labels, confusion, classes } = many().summary();
    expect([labels.length, confusion.length, confusion[0]!.length, classes.length]).toEqual([
      30, 30, 30, 500,
    ]);
    expect(labels).toEqual(expect.arrayContaining([280, 290, 470, 471]));
    expect(confusion[labels.indexOf(280)]![labels.indexOf(471)]).toBe(1);
  });

  it('gives the predicted class of an image, its probability, and its loss', () => {
    expect(verdicts.of({ actual: 2, predicted: 0 })).toEqual([
      { index: 4, actual: 2, predicted: 0, loss: -Math.log(1e-30), probability: 0.875 },
      { index: 3, actual: 2, predicted: 0, loss: -Math.log(0.25), probability: 0.5 },
    ]);
  });

  it('gives the images of a cell by descending loss', () => {
    expect(places(0, 0)).toEqual([0, 5]);
    expect(places(0, 1)).toEqual([1]);
    expect(places(1, 1)).toEqual([2]);
    expect(places(1, 2)).toEqual([]);
  });

  it('gives the mistakes where a class is left open', () => {
    expect(places(null, null)).toEqual([4, 1, 3]);
    expect(places(2, null)).toEqual([4, 3]);
    expect(places(null, 1)).toEqual([1]);
  });

  it('adds everything up', () => {
    const { count, accuracy, loss, confusion, classes } = verdicts.summary();
    expect([count, accuracy]).toEqual([6, 0.5]);
    expect(loss).toBeCloseTo((6 * Math.LN2 + Math.log(4 / 3) + 30 * Math.LN10) / 6, 12);
    expect(confusion).toEqual([
      [2, 1, 0],
      [0, 1, 0],
      [2, 0, 0],
    ]);
    expect(classes[0]).toEqual({ label: 0, precision: 0.5, recall: 2 / 3, f1: 4 / 7, support: 3 });
    expect(verdicts.summary().labels).toEqual([0, 1, 2]);
    expect(classes[2]).toEqual({ label: 2, precision: null, recall: 0, f1: 0, support: 2 });
  });
});
