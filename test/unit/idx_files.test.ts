/**
 * Plan: plain and packed files read the same; labels are found under every usual name; packed files that are bombs,
 * truncated, longer than their header, or no IDX, each with its sentence; what is unpacked of a bomb stays small.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { asImagesFile, readIdxBytes, readIdxImages, readLabelledIdx } from '../../src/data/idx_pair.js';
import { DataError, FileError } from '../../src/errors.js';
import { diskTree } from '../../src/node/disk_tree.js';

const images = Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6);
const labels = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 1, 0);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'shadegrad-idx-'));
});
afterEach(async () => rm(folder, { recursive: true, force: true }));
const put = async (name: string, bytes: Uint8Array): Promise<string> => {
  await writeFile(path.join(folder, name), bytes);
  return path.join(folder, name);
};

/** The error of a promise that should fail, without the folder's name in its message. */
async function failure(promise: Promise<unknown>): Promise<Error> {
  const error = await promise.then(
    () => new Error('it succeeded'),
    (reason: unknown) => reason as Error,
  );
  error.message = error.message.replaceAll(`${folder}${path.sep}`, '');
  return error;
}

describe('readIdxBytes', () => {
  it('reads plain and packed files, in one member or two', async () => {
    const two = Buffer.concat([gzipSync(images.subarray(0, 9)), gzipSync(images.subarray(9))]);
    for (const bytes of [images, gzipSync(images), two])
      expect(await readIdxBytes(diskTree, await put('x', bytes))).toEqual(images);
  });

  it('unpacks a large file whole', async () => {
    const large = new Uint8Array(16 + 3000 * 784).map((_, i) => (i * 7919) >> 3);
    large.set([0, 0, 8, 3, 0, 0, 3000 >> 8, 3000 & 255, 0, 0, 0, 28, 0, 0, 0, 28]);
    const read = await readIdxBytes(diskTree, await put('x', gzipSync(large)));
    // Not toEqual: it takes seconds over two million values.
    expect([read.length, Buffer.compare(read, large)]).toEqual([large.length, 0]);
  });

  it.each<[string, Uint8Array, string]>([
    [
      'more than the header promises',
      gzipSync(Buffer.concat([images, new Uint8Array(50_000_000)])),
      'x.gz: too long: the header promises 22 bytes, but more come out of the packed file. Is it really this data set?',
    ],
    [
      'a header that promises more than the packed bytes can hold',
      gzipSync(Uint8Array.of(0, 0, 8, 3, 0x70, 0, 0, 0, 0, 0, 0, 28, 0, 0, 0, 28), { level: 0 }),
      'x.gz: the header promises 1473173782544 bytes, but 39 packed bytes hold at most 40248. The file is damaged or not what it says.',
    ],
    [
      'a packed file cut short',
      gzipSync(images).subarray(0, 25),
      'x.gz: cannot be unpacked (unexpected end of file). Fetch it again.',
    ],
  ])('refuses %s', async (_, bytes, message) => {
    expect(await failure(readIdxBytes(diskTree, await put('x.gz', bytes)))).toEqual(new DataError(message));
  });

  it('gives only the beginning of what is no IDX file', async () => {
    const bytes = await readIdxBytes(
      diskTree,
      await put('x.gz', gzipSync(new Uint8Array(50_000_000).fill(65))),
    );
    expect(bytes.length).toBeLessThan(200_000);
    expect(
      await failure(readIdxImages(diskTree, await put('x.gz', gzipSync(new Uint8Array(99).fill(65))))),
    ).toEqual(
      new DataError(
        'x.gz: not an IDX file of images: it begins with 41 41 41 41, where 00 00 and a type were expected.',
      ),
    );
  });
});

describe('images with the labels beside them', () => {
  it.each([
    ['train-images-idx3-ubyte', 'train-labels-idx1-ubyte'],
    ['train-images-idx3-ubyte.gz', 'train-labels-idx1-ubyte.gz'],
    ['train-images-idx3-ubyte.gz', 'train-labels-idx1-ubyte'],
    ['train-images.idx3-ubyte', 'train-labels.idx1-ubyte'],
    ['train-images-idx3-ubyte', 'train-labels.idx1-ubyte.gz'],
    ['emnist-letters-test-images-idx3-ubyte', 'emnist-letters-test-labels-idx1-ubyte'],
    ['images-of-images-idx4-ubyte', 'images-of-labels-idx1-ubyte'],
  ])('%s with %s', async (imagesName, labelsName) => {
    const file = await put(imagesName, images);
    await put(labelsName, labelsName.endsWith('.gz') ? gzipSync(labels) : labels);
    const read = await readLabelledIdx(diskTree, file);
    expect(read).toMatchObject({ count: 2, height: 1, width: 3, channels: 1 });
    expect([...read.labels]).toEqual([1, 0]);
    expect((await readIdxImages(diskTree, file, { transpose: true })).height).toBe(3);
  });

  it('may be without, where they need not be', async () => {
    const file = await put('t10k-images-idx3-ubyte.gz', images);
    expect(await readIdxImages(diskTree, file)).not.toHaveProperty('labels');
    const error = await failure(readLabelledIdx(diskTree, file));
    expect(error).toBeInstanceOf(FileError);
    expect(error.message).toMatchInlineSnapshot(
      `"t10k-images-idx3-ubyte.gz: there is no label file next to it. Put t10k-labels-idx1-ubyte (or its .gz) into the same folder."`,
    );
  });

  it('must be as many', async () => {
    await put('labels-idx1-ubyte', Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 1, 1));
    expect(await failure(readIdxImages(diskTree, await put('images-idx3-ubyte', images)))).toEqual(
      new DataError(
        'labels-idx1-ubyte: holds 1 labels, but images-idx3-ubyte holds 2 images. Take both files from the same part of the data set.',
      ),
    );
  });
});

it('asImagesFile knows the names', () => {
  const stems = ['train-images-idx3-ubyte.gz', 'a/emnist-test-images.idx3-ubyte', 'images-idx3-ubyte'];
  expect(stems.map((name) => asImagesFile(diskTree, name)?.stem)).toEqual(['train-', 'emnist-test-', '']);
  expect(asImagesFile(diskTree, 'train-labels-idx1-ubyte')).toBeUndefined();
  expect(asImagesFile(diskTree, 'train-images.txt')).toBeUndefined();
});
