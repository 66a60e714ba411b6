/** What is said about unusual data: too many classes, single images, unequal and untested classes; nothing about usual ones. */
import { expect, it } from 'vitest';
import { ImageSet } from '../../src/data/dataset.js';
import { unusual } from '../../src/data/plausible.js';

const set = (counts: readonly number[]): ImageSet => {
  const labels = counts.flatMap((count, label) => Array.from({ length: count }, () => label));
  const classNames = counts.map((_, label) => `c${label}`);
  return new ImageSet({
    images: new Uint8Array(labels.length),
    labels,
    classNames,
    height: 1,
    width: 1,
    channels: 1,
  });
};
const said = (train: readonly number[], test?: readonly number[]): string[] =>
  unusual({
    name: 'a',
    format: 'csv',
    source: 'a',
    train: set(train),
    ...(test ? { test: set(test) } : {}),
  });

it('says nothing about usual data', () => {
  expect(said([30, 20, 9], [2, 3, 1])).toEqual([]);
  expect(said([5, 0, 5])).toEqual([]);
});

it('says what is unusual, and what to do', () => {
  expect([
    ...said(Array.from({ length: 256 }, (_, i) => 1 + (i % 2))),
    ...said([300, 6, 40]),
    ...said([5, 1, 4], [1, 1, 0]),
  ]).toMatchInlineSnapshot(`
    [
      "Unusual: 256 classes for 384 images. Is the right column the label (--label-column), or are folders pictures of one class?",
      "Unequal classes: 300 images of c0, 6 of c1. See the balanced accuracy, and try --class-weights balanced or --oversample.",
      "Unusual: only one image of c1, which cannot be both trained on and tested. Add images, or remove the class.",
      "Not tested: the test part has no image of c2.",
    ]
  `);
});
