/** A custom data set that trains in seconds: 80 and 40 of the digits as IDX files. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ImageSet } from '../../src/data/dataset.js';
import { loadDataset } from '../../src/node/datasets.js';

/** `isHalved` keeps every second pixel of every second row, for trainings that a slow device repeats. */
export async function writeSmallDigits(
  folder: string,
  { isHalved = false, train: trainCount = 80, test: testCount = 40 } = {},
): Promise<void> {
  const { train, test } = await loadDataset('digits', { offline: true });
  mkdirSync(folder, { recursive: true });
  for (const [name, set] of [
    ['train', train.take(trainCount, { seed: 1 })],
    ['t10k', test.take(testCount, { seed: 1 })],
  ] as const) {
    const { images, labels } = idxFiles(isHalved ? halved(set) : set);
    writeFileSync(path.join(folder, `${name}-images-idx3-ubyte`), images);
    writeFileSync(path.join(folder, `${name}-labels-idx1-ubyte`), labels);
  }
}

function halved(set: ImageSet): ImageSet {
  const height = set.height / 2;
  const width = set.width / 2;
  const images = Uint8Array.from({ length: set.count * height * width }, (_, i) => {
    const row = Math.floor(i / width); // of all images, one below the other
    return set.images[2 * row * set.width + 2 * (i % width)]!;
  });
  const { labels, channels, classNames } = set;
  return new ImageSet({ images, labels, height, width, channels, classNames });
}

export function idxFiles(set: ImageSet): { readonly images: Uint8Array; readonly labels: Uint8Array } {
  const header = (...sizes: number[]): Uint8Array => {
    const bytes = new Uint8Array(4 + 4 * sizes.length);
    bytes.set([0, 0, 8, sizes.length]);
    sizes.forEach((size, i) => new DataView(bytes.buffer).setUint32(4 + 4 * i, size));
    return bytes;
  };
  const images = Uint8Array.from([...header(set.count, set.height, set.width), ...set.images]);
  return { images, labels: Uint8Array.from([...header(set.count), ...set.labels]) };
}
