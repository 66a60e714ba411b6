/**
 * Plan: counts and pixels of a set made by hand; construction refuses what does not fit; split and take are
 * stratified, disjoint, complete, seeded, in order, and pinned; their limits; folds, each image once; mean and
 * deviation against the two-pass formula; apportion adds up.
 */
import { describe, it, expect } from 'vitest';
import fc from 'fast-check';
import { DataError, UsageError } from '../../src/errors.js';
import { ImageSet, apportion } from '../../src/data/dataset.js';

/** One pixel per image, whose value is its position, so that one can see which images were chosen. */
function numbered(labels: number[], classCount = 3): ImageSet {
  return new ImageSet({
    images: Uint8Array.from(labels, (_, i) => i),
    labels: Uint8Array.from(labels),
    height: 1,
    width: 1,
    channels: 1,
    classNames: Array.from({ length: classCount }, (_, i) => `class ${i}`),
  });
}

const labelsOf = (set: ImageSet) => [...set.labels];
const positionsOf = (set: ImageSet) => [...set.images];

describe('ImageSet', () => {
  it('counts classes, also those without an image', () => {
    expect(numbered([2, 0, 0, 2, 2]).classCounts()).toEqual([2, 0, 3]);
  });

  it('gives one image as a view', () => {
    const images = Uint8Array.from({ length: 2 * 2 * 3 }, (_, i) => i);
    const set = new ImageSet({
      images,
      labels: Uint8Array.of(0, 0),
      height: 2,
      width: 3,
      channels: 1,
      classNames: ['a'],
    });
    expect([...set.image(1)]).toEqual([6, 7, 8, 9, 10, 11]);
    expect(set.image(1).buffer).toBe(images.buffer);
    expect(() => set.image(2)).toThrow(UsageError);
    expect(() => set.image(-1)).toThrowErrorMatchingInlineSnapshot(
      `[UsageError: ImageSet: there is no image -1; the set holds 0 to 1.]`,
    );
  });

  it('shares its pixels with the sets cut from it, until one is read as a whole', () => {
    const set = numbered([0, 1, 2, 0, 1, 2, 0, 1]);
    const [larger, smaller] = set.split(0.75, { seed: 1 });
    const again = larger.select([2, 0]).take(1, { seed: 1 });
    for (const part of [larger, smaller, again, set.fold(1, 2, { seed: 1 })[0], set.take(4, { seed: 1 })])
      expect(part.image(0).buffer).toBe(set.images.buffer);
    const copied = new Uint8Array(larger.count);
    larger.copyImages(copied, 0);
    expect([...copied]).toEqual(positionsOf(larger));
    expect(larger.image(0).buffer).toBe(larger.images.buffer);
    expect(larger.images.buffer).not.toBe(set.images.buffer);
    expect(positionsOf(new ImageSet({ ...smaller, classNames: ['a', 'b', 'c'] }))).toEqual(
      positionsOf(smaller),
    );
  });

  it('copies images from a position on, as far as there are any', () => {
    const target = new Uint8Array(3).fill(9);
    numbered([0, 1, 2, 0]).select([3, 1, 0]).copyImages(target, 1);
    expect([...target]).toEqual([1, 0, 9]);
    numbered([0, 1, 2, 0]).copyImages(target, 2);
    expect([...target]).toEqual([2, 3, 9]);
  });

  it('refuses positions without an image, and too few', () => {
    const parts = { ...numbered([0, 1]), images: Uint8Array.of(7, 8, 9) };
    expect(positionsOf(new ImageSet(parts, [2, 0]))).toEqual([9, 7]);
    expect(() => new ImageSet(parts, [2, 3])).toThrowErrorMatchingInlineSnapshot(
      `[DataError: ImageSet: position 1 is 3, but the pixels hold 3 images (0 to 2).]`,
    );
    expect(() => new ImageSet(parts, [1])).toThrowErrorMatchingInlineSnapshot(
      `[DataError: ImageSet: there are 2 labels, but 1 positions of images.]`,
    );
  });

  it('takes little memory for a split', () => {
    const count = 60_000;
    const whole = new ImageSet({
      images: new Uint8Array(count * 28 * 28),
      labels: Uint8Array.from({ length: count }, (_, i) => i % 10),
      height: 28,
      width: 28,
      channels: 1,
      classNames: Array.from({ length: 10 }, String),
    });
    const before = process.memoryUsage().arrayBuffers;
    const parts = whole.split(0.9, { seed: 1 });
    const taken = process.memoryUsage().arrayBuffers - before;
    expect(parts.map((part) => part.count)).toEqual([54_000, 6000]);
    // Positions and labels, and what is not collected yet; the pixels are 47 MB.
    expect(taken).toBeLessThan(4_000_000);
  });

  it('selects in the order asked for, with repeats, and keeps wide labels', () => {
    const set = numbered([0, 1, 2]).select([2, 0, 2]);
    expect(positionsOf(set)).toEqual([2, 0, 2]);
    expect(labelsOf(set)).toEqual([2, 0, 2]);
    const wide = new ImageSet({
      images: Uint8Array.of(5),
      labels: Uint16Array.of(300),
      height: 1,
      width: 1,
      channels: 1,
      classNames: Array.from({ length: 301 }, String),
    });
    expect(wide.select([0]).labels).toEqual(Uint16Array.of(300));
  });

  it('refuses parts that do not fit together', () => {
    const parts = { labels: Uint8Array.of(0, 5), height: 1, width: 1, channels: 1, classNames: ['a', 'b'] };
    expect(() => new ImageSet({ ...parts, images: new Uint8Array(3) })).toThrow(DataError);
    expect(() => new ImageSet({ ...parts, images: new Uint8Array(3) })).toThrowErrorMatchingInlineSnapshot(
      `[DataError: ImageSet: 2 labels and images of 1×1×1 need 2 bytes of pixels, but there are 3.]`,
    );
    expect(() => new ImageSet({ ...parts, images: new Uint8Array(2) })).toThrowErrorMatchingInlineSnapshot(
      `[DataError: ImageSet: label 1 is 5, but there are 2 classes (0 to 1).]`,
    );
  });
});

describe('split', () => {
  const labels = Array.from({ length: 60 }, (_, i) => (i % 6 === 0 ? 2 : i % 2));

  it('keeps every class in proportion, loses none, and is pinned', () => {
    const [first, second] = numbered(labels).split(0.8, { seed: 42 });
    expect(first.classCounts()).toEqual([16, 24, 8]);
    expect(second.classCounts()).toEqual([4, 6, 2]);
    expect(positionsOf(second)).toMatchInlineSnapshot(`
      [
        0,
        12,
        21,
        22,
        25,
        29,
        32,
        39,
        40,
        41,
        44,
        47,
      ]
    `);
    const all = [...positionsOf(first), ...positionsOf(second)].sort((a, b) => a - b);
    expect(all).toEqual(labels.map((_, i) => i));
  });

  it('follows the seed and nothing else', () => {
    const chosen = (seed: number) => positionsOf(numbered(labels).split(0.5, { seed })[0]).join();
    expect(chosen(1)).toBe(chosen(1));
    expect(chosen(1)).not.toBe(chosen(2));
  });

  it('for any labels: disjoint, complete, in order, labels still with their images, classes within one', () => {
    const anyLabels = fc.array(fc.nat(2), { minLength: 2, maxLength: 120 });
    fc.assert(
      fc.property(
        anyLabels,
        fc.double({ min: 0.01, max: 0.99, noNaN: true }),
        fc.nat(),
        (labels, fraction, seed) => {
          const size = Math.round(fraction * labels.length);
          fc.pre(size > 0 && size < labels.length);
          const whole = numbered(labels);
          const [first, second] = whole.split(fraction, { seed });
          expect(first.count).toBe(size);
          expect(new Set([...positionsOf(first), ...positionsOf(second)]).size).toBe(labels.length);
          for (const part of [first, second]) {
            expect(positionsOf(part)).toEqual(positionsOf(part).sort((a, b) => a - b));
            expect(labelsOf(part)).toEqual(positionsOf(part).map((at) => labels[at]));
          }
          const counts = whole.classCounts();
          first.classCounts().forEach((count, label) => {
            expect(Math.abs(count - (counts[label]! * size) / labels.length)).toBeLessThan(1);
          });
        },
      ),
    );
  });

  it.each([0, 1, -0.5, 2, NaN, 0.001])('refuses the fraction %d', (fraction) => {
    expect(() => numbered(labels).split(fraction, { seed: 1 })).toThrow(UsageError);
  });

  it('says what is wrong with a fraction', () => {
    const split = (fraction: number) => () => numbered(labels).split(fraction, { seed: 1 });
    expect(split(2)).toThrowErrorMatchingInlineSnapshot(
      `[UsageError: split: fraction is 2, expected a number between 0 and 1.]`,
    );
    expect(split(0.001)).toThrowErrorMatchingInlineSnapshot(
      `[UsageError: split: 0.001 of 60 images leaves a part empty (0 and 60), expected an image or more in each.]`,
    );
  });

  it('refuses a seed that is not an integer', () => {
    expect(() => numbered(labels).split(0.5, { seed: 0.5 })).toThrowErrorMatchingInlineSnapshot(
      `[UsageError: split: seed is 0.5, expected an integer from 0 to 4294967295.]`,
    );
  });
});

describe('fold', () => {
  it('spreads every class evenly, and is pinned', () => {
    const set = numbered([0, 0, 0, 0, 1, 1, 1, 2, 2]);
    const [others, one] = set.fold(1, 3, { seed: 42 });
    expect(one.classCounts()).toEqual([2, 1, 0]);
    expect(others.classCounts()).toEqual([2, 2, 2]);
    expect(positionsOf(one)).toMatchInlineSnapshot(`
      [
        0,
        3,
        4,
      ]
    `);
  });

  it('draws other images than split with the same seed', () => {
    const labels = Array.from({ length: 60 }, () => 0);
    const [, split] = numbered(labels).split(0.5, { seed: 1 });
    expect(positionsOf(numbered(labels).fold(2, 2, { seed: 1 })[1])).not.toEqual(positionsOf(split));
  });

  it.each([
    [1, 1],
    [1, 10],
    [1, 2.5],
    [0, 3],
    [4, 3],
    [1.5, 3],
  ])('refuses fold %d of %d', (fold, folds) => {
    expect(() => numbered([0, 0, 1, 1]).fold(fold, folds, { seed: 1 })).toThrow(UsageError);
  });

  it('says what is wrong', () => {
    const set = numbered([0, 0, 1, 1]);
    expect(() => set.fold(1, 9, { seed: 1 })).toThrowErrorMatchingInlineSnapshot(
      `[UsageError: fold: folds is 9, expected an integer from 2 to 4 (the images).]`,
    );
    expect(() => set.fold(4, 3, { seed: 1 })).toThrowErrorMatchingInlineSnapshot(
      `[UsageError: fold: there is no fold 4; expected 1 to 3.]`,
    );
  });
});

describe('meanAndDeviation', () => {
  const of = (values: number[]) =>
    new ImageSet({
      images: Uint8Array.from(values),
      labels: Uint8Array.of(0),
      height: 1,
      width: values.length,
      channels: 1,
      classNames: ['a'],
    }).meanAndDeviation();

  it('by hand: half black, half white', () => {
    expect(of([0, 255, 0, 255])).toEqual({ mean: 0.5, deviation: 0.5 });
    expect(of([51, 51])).toEqual({ mean: 0.2, deviation: 0 });
  });

  it('is the two-primitive value for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 50 }), (bytes) => {
        const values = [...bytes].map((value) => value / 255);
        const mean = values.reduce((a, b) => a + b, 0) / values.length;
        const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
        const found = of([...bytes]);
        expect(found.mean).toBeCloseTo(mean, 12);
        expect(found.deviation).toBeCloseTo(Math.sqrt(variance), 7);
      }),
    );
  });
});

describe('take', () => {
  const labels = Array.from({ length: 100 }, (_, i) => (i < 50 ? 0 : i < 80 ? 1 : 2));

  it('keeps every class in proportion', () => {
    expect(numbered(labels).take(10, { seed: 7 }).classCounts()).toEqual([5, 3, 2]);
    expect(numbered(labels).take(1, { seed: 7 }).count).toBe(1);
  });

  it('draws other images than split with the same seed', () => {
    const set = numbered(labels);
    expect(positionsOf(set.take(50, { seed: 7 }))).not.toEqual(positionsOf(set.split(0.5, { seed: 7 })[0]));
  });

  it('is the set itself when the limit does not bind', () => {
    const set = numbered(labels);
    expect(set.take(100, { seed: 1 })).toBe(set);
    expect(set.take(1000, { seed: 1 })).toBe(set);
  });

  it.each([0, -1, 1.5, NaN])('refuses the limit %d', (limit) => {
    expect(() => numbered(labels).take(limit, { seed: 1 })).toThrow(UsageError);
  });
});

describe('apportion', () => {
  it('gives the largest remainders the rest, lower groups first among equals', () => {
    expect(apportion([1, 1, 1], 2)).toEqual([1, 1, 0]);
    expect(apportion([5, 3, 2], 5)).toEqual([3, 1, 1]);
    expect(apportion([0, 0], 0)).toEqual([0, 0]);
    expect(apportion([5923, 6742], 12665)).toEqual([5923, 6742]);
  });

  it('adds up and stays within the counts', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(1000), { minLength: 1, maxLength: 20 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (counts, part) => {
          const size = Math.round(part * counts.reduce((a, b) => a + b, 0));
          const shares = apportion(counts, size);
          expect(shares.reduce((a, b) => a + b, 0)).toBe(size);
          shares.forEach((share, i) => expect(share).toBeLessThanOrEqual(counts[i]!));
        },
      ),
    );
  });
});
