/**
 * Plan: each split by name on a set of our own, with its counts and its sentence; Kaggle's and MNIST's counts; data
 * with parts of their own; limits; wrong uses, pinned; for any labels and any split: disjoint, complete, in proportion,
 * and the same again with the same seed.
 */
import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { ImageSet } from '../../src/data/dataset.js';
import type { LoadedDataset } from '../../src/data/loaded_dataset.js';
import { splitNames } from '../../src/data/split_names.js';
import { type SplitOptions, splitDataset } from '../../src/data/splits.js';
import { UsageError } from '../../src/errors.js';

/** Images of two bytes that hold their own number, counted on from `from`. */
function numbered(labels: readonly number[], { from = 0, classes = 3 } = {}): ImageSet {
  const images = Uint8Array.from({ length: 2 * labels.length }, (_, i) =>
    i % 2 === 0 ? (from + (i >> 1)) >> 8 : (from + (i >> 1)) & 255,
  );
  const classNames = Array.from({ length: classes }, (_, i) => `class ${i}`);
  return new ImageSet({
    images,
    labels: Uint8Array.from(labels),
    height: 1,
    width: 2,
    channels: 1,
    classNames,
  });
}

const numbersOf = (set: ImageSet | undefined): number[] =>
  set === undefined
    ? []
    : Array.from({ length: set.count }, (_, i) => set.image(i)[0]! * 256 + set.image(i)[1]!);
const inTurn = (count: number, classes = 3): number[] => Array.from({ length: count }, (_, i) => i % classes);

const withoutTest: LoadedDataset = {
  name: 'mine',
  format: 'idx',
  source: 'somewhere',
  train: numbered(inTurn(600)),
};
const withTest: LoadedDataset = { ...withoutTest, test: numbered(inTurn(90), { from: 1000 }) };
const csv: LoadedDataset = { ...withoutTest, format: 'csv' };
const countsOf = (loaded: LoadedDataset, options: SplitOptions): (number | undefined)[] => {
  const { train, validation, test } = splitDataset(loaded, options);
  return [train.count, validation.count, test?.count];
};
const describeSplit = (loaded: LoadedDataset, options: SplitOptions): string =>
  splitDataset(loaded, options).description;

describe('splitDataset', () => {
  it('official keeps the test part', () => {
    const { train, validation, test } = splitDataset(withTest, { seed: 1 });
    expect(train.classCounts()).toEqual([180, 180, 180]);
    expect(validation.classCounts()).toEqual([20, 20, 20]);
    expect(test).toBe(withTest.test);
    expect(countsOf(withTest, { seed: 1, validationShare: 0.25 })).toEqual([450, 150, 90]);
    expect(describeSplit(withTest, { seed: 1 })).toMatchInlineSnapshot(
      `"Split official by class, seed 1: 540 images to train, 60 to validate (10 % of the training part), 90 to test."`,
    );
  });

  it('official sets a test split aside if there is none, and says so', () => {
    const { train, validation, test, description } = splitDataset(withoutTest, { seed: 1 });
    expect([train, validation, test].map((part) => part?.classCounts())).toEqual([
      [162, 162, 162],
      [18, 18, 18],
      [20, 20, 20],
    ]);
    expect(description).toMatchInlineSnapshot(
      `"Split official by class, seed 1: 486 images to train, 54 to validate (10 % of the training part), 60 to test (10 % held out first, because the data set has no labelled test part)."`,
    );
  });

  it("official keeps the data's own validation part", () => {
    const validation = numbered(inTurn(30), { from: 2000 });
    const own = { ...withTest, validation };
    expect(splitDataset(own, { seed: 1 }).validation).toBe(validation);
    expect(countsOf(own, { seed: 1, limit: 63 })).toEqual([60, 3, 90]);
    expect(describeSplit(own, { seed: 1 })).toMatchInlineSnapshot(
      `"Split official by class, seed 1: 600 images to train, 30 to validate (the data's own part), 90 to test."`,
    );
  });

  it('45k/15k validates on a quarter', () => {
    expect(countsOf(withTest, { split: '45k/15k', seed: 1 })).toEqual([450, 150, 90]);
    expect(countsOf(withoutTest, { split: '45k/15k', seed: 1 })).toEqual([450, 150, undefined]);
  });

  it("kaggle cuts the CSV's 42,000 rows into 37,800 and 4,200", () => {
    // Kaggle's own counts by class, in blocks: order does not matter to the counts.
    const counts = [4132, 4684, 4177, 4351, 4072, 3795, 4137, 4401, 4063, 4188];
    const train = numbered(
      counts.flatMap((count, label) => Array.from({ length: count }, () => label)),
      { classes: 10 },
    );
    const parts = splitDataset({ ...csv, train }, { split: 'kaggle', seed: 42 });
    expect([parts.train.count, parts.validation.count, parts.test]).toEqual([37_800, 4_200, undefined]);
    expect(parts.validation.classCounts()).toEqual([413, 468, 418, 435, 407, 380, 414, 440, 406, 419]);
    expect(parts.description).toMatchInlineSnapshot(
      `"Split kaggle by class, seed 42: 37,800 images to train, 4,200 to validate (10 % of the training part), no labelled images to test."`,
    );
  });

  it('k-fold: every image validates once, and folds are of one size', () => {
    const loaded = { ...withTest, train: numbered(inTurn(31)) };
    const folds = [1, 2, 3, 4].map((fold) =>
      splitDataset(loaded, { split: 'k-fold', folds: 4, fold, seed: 9 }),
    );
    expect(folds.map(({ validation }) => validation.count)).toEqual([8, 8, 8, 7]);
    expect(folds.flatMap(({ validation }) => numbersOf(validation)).sort((a, b) => a - b)).toEqual(
      inTurn(31).map((_, i) => i),
    );
    for (const { validation } of folds) {
      for (const count of validation.classCounts()) expect(count).toBeOneOf([2, 3]);
    }
    expect(folds[2]!.description).toMatchInlineSnapshot(
      `"Split k-fold by class, seed 9: 23 images to train, 8 to validate (fold 3 of 4), 90 to test."`,
    );
  });

  it('a limit counts training and validation together', () => {
    expect(countsOf(withTest, { seed: 1, limit: 60 })).toEqual([54, 6, 90]);
    expect(countsOf(withTest, { seed: 1, limit: null })).toEqual([540, 60, 90]);
    expect(countsOf(withTest, { seed: 1, limit: 10_000 })).toEqual([540, 60, 90]);
    expect(describeSplit(withTest, { seed: 1, limit: 60 })).toMatchInlineSnapshot(
      `"Split official by class, seed 1, limited to 60: 54 images to train, 6 to validate (10 % of the training part), 90 to test."`,
    );
  });

  it.each<[string, SplitOptions, string]>([
    [
      'a split that there is not',
      { split: 'other' as 'official', seed: 1 },
      "split: split is 'other', expected one of official, kaggle, 45k/15k, k-fold.",
    ],
    [
      "kaggle without Kaggle's CSV",
      { split: 'kaggle', seed: 1 },
      "split: 'kaggle' is for Kaggle's CSV, but mine was read from IDX files (somewhere). Name the CSV as the data set, or use another split.",
    ],
    [
      'a limit below two images per class',
      { seed: 1, limit: 5 },
      'split: a limit of 5 images is too small, expected at least 6 (two images per class).',
    ],
    [
      'a share of nothing',
      { seed: 1, validationShare: 0 },
      'split: validationShare is 0, expected a number between 0 and 1.',
    ],
    [
      'one fold',
      { split: 'k-fold', folds: 1, seed: 1 },
      'fold: folds is 1, expected an integer from 2 to 600 (the images).',
    ],
    [
      'a fold that there is not',
      { split: 'k-fold', folds: 5, fold: 6, seed: 1 },
      'fold: there is no fold 6; expected 1 to 5.',
    ],
    [
      'a seed that is no integer',
      { seed: 0.5 },
      'split: seed is 0.5, expected an integer from 0 to 4294967295.',
    ],
  ])('refuses %s', (_, options, message) => {
    expect(() => splitDataset(withTest, options)).toThrow(new UsageError(message));
  });

  it('for any data: disjoint, complete, in proportion, repeatable', () => {
    const cases = fc.record({
      labels: fc.array(fc.nat(4), { minLength: 30, maxLength: 200 }),
      split: fc.constantFrom(...splitNames),
      seed: fc.nat(),
      validationShare: fc.double({ min: 0.1, max: 0.9, noNaN: true }),
      folds: fc.integer({ min: 2, max: 10 }),
      fold: fc.nat(9),
      hasTest: fc.boolean(),
    });
    fc.assert(
      fc.property(cases, ({ labels, hasTest, fold, folds, ...rest }) => {
        const train = numbered(labels, { classes: 5 });
        const loaded = { ...(hasTest ? withTest : withoutTest), format: 'csv' as const, train };
        const options = { ...rest, folds, fold: 1 + (fold % folds) };
        const parts = splitDataset(loaded, options);
        const held = hasTest ? [] : numbersOf(parts.test);
        const all = [...numbersOf(parts.train), ...numbersOf(parts.validation), ...held];
        expect(all.sort((a, b) => a - b)).toEqual(labels.map((_, i) => i));
        for (const part of [parts.train, parts.validation]) {
          expect([...part.labels]).toEqual(numbersOf(part).map((at) => labels[at]));
          part.classCounts().forEach((count, label) => {
            // One image off for each of the two cuts that a set may go through.
            expect(Math.abs(count - (train.classCounts()[label]! * part.count) / labels.length)).toBeLessThan(
              2,
            );
          });
        }
        expect(numbersOf(splitDataset(loaded, options).validation)).toEqual(numbersOf(parts.validation));
      }),
    );
  });

  it('follows the seed', () => {
    for (const split of ['official', '45k/15k', 'k-fold'] as const) {
      const chosen = (seed: number) => numbersOf(splitDataset(withTest, { split, seed }).validation).join();
      expect(chosen(1)).not.toBe(chosen(2));
    }
  });
});
