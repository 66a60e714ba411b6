/** A data set of one's own, small enough to train on in a second: 80 and 40 of the digits as IDX files. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { ImageSet } from '../../src/data/dataset.js';
import { loadDataset } from '../../src/node/datasets.js';

export async function writeSmallDigits(folder: string): Promise<void> {
  const { train, test } = await loadDataset('digits', { offline: true });
  mkdirSync(folder, { recursive: true });
  for (const [name, set] of [
    ['train', train.take(80, { seed: 1 })],
    ['t10k', test.take(40, { seed: 1 })],
  ] as const) {
    const { images, labels } = idxFiles(set);
    writeFileSync(path.join(folder, `${name}-images-idx3-ubyte`), images);
    writeFileSync(path.join(folder, `${name}-labels-idx1-ubyte`), labels);
  }
}

function idxFiles(set: ImageSet): { readonly images: Uint8Array; readonly labels: Uint8Array } {
  const header = (...sizes: number[]): Uint8Array => {
    const bytes = new Uint8Array(4 + 4 * sizes.length);
    bytes.set([0, 0, 8, sizes.length]);
    sizes.forEach((size, i) => new DataView(bytes.buffer).setUint32(4 + 4 * i, size));
    return bytes;
  };
  const images = Uint8Array.from([...header(set.count, set.height, set.width), ...set.images]);
  return { images, labels: Uint8Array.from([...header(set.count), ...set.labels]) };
}
