/** What is refused for training: one class, whatever the others are called; the words for each kind of files. */
import { describe, expect, it } from 'vitest';
import { ImageSet } from '../../src/data/dataset.js';
import type { LoadedDataset } from '../../src/data/loaded_dataset.js';
import { checkTrainable } from '../../src/data/trainable.js';
import { DataError } from '../../src/errors.js';

function loaded(format: LoadedDataset['format'], labels: readonly number[]): LoadedDataset {
  const train = new ImageSet({
    images: new Uint8Array(labels.length),
    labels: Uint8Array.from(labels),
    height: 1,
    width: 1,
    channels: 1,
    classNames: ['cat', 'dog', 'fish'],
  });
  return { name: 'mine', format, source: 'here', train };
}

function messageFor(...given: Parameters<typeof loaded>): string {
  try {
    checkTrainable(loaded(...given));
  } catch (error) {
    return error instanceof DataError ? error.message : 'another error';
  }
  return 'accepted';
}

describe('images to train on', () => {
  it('are of two classes or more', () => {
    expect([messageFor('pictures', [0, 2]), messageFor('idx', [1, 1, 0])]).toEqual(['accepted', 'accepted']);
  });

  it('are refused where they are of one', () => {
    expect([messageFor('pictures', [1, 1, 1]), messageFor('csv', [2, 2]), messageFor('idx', [0])])
      .toMatchInlineSnapshot(`
      [
        "mine: all 3 images are of one class, 'dog', expected two or more classes. Put the pictures of each class into its own folder, next to the others.",
        "mine: all 2 images are of one class, 'fish', expected two or more classes. Add rows of other classes.",
        "mine: the only image is of one class, 'cat', expected two or more classes. Name files with images of several classes.",
      ]
    `);
  });
});
