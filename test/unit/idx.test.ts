/**
 * Plan: a file small enough to read by eye, images and labels; sizes, channels and class counts that are not
 * MNIST's; every way a file can be wrong, with its message pinned; the length that a header
 * promises; transposing; any bytes at all give a set or a DataError.
 */
import { describe, it, expect } from 'vitest';
import fc from 'fast-check';
import { DataError } from '../../src/errors.js';
import {
  imageSetFromIdx,
  parseIdxImages,
  parseIdxLabels,
  promisedLength,
  transposed,
} from '../../src/data/idx.js';

/** An IDX file of the given type byte, dimensions and value bytes. */
function idx(type: number, dimensions: number[], values: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * dimensions.length + values.length);
  bytes.set([0, 0, type, dimensions.length]);
  const view = new DataView(bytes.buffer);
  dimensions.forEach((size, i) => view.setUint32(4 + 4 * i, size));
  bytes.set(values, 4 + 4 * dimensions.length);
  return bytes;
}

const u8 = 0x08;
const twoImages = idx(u8, [2, 2, 3], [1, 2, 3, 4, 5, 6, 10, 20, 30, 40, 50, 60]);
const twoLabels = idx(u8, [2], [1, 0]);

describe('parseIdxImages', () => {
  it('reads two images of 2×3', () => {
    expect(parseIdxImages(twoImages, 'images')).toEqual({
      images: Uint8Array.of(1, 2, 3, 4, 5, 6, 10, 20, 30, 40, 50, 60),
      count: 2,
      height: 2,
      width: 3,
      channels: 1,
    });
  });

  it('reads colour images, from the middle of a larger buffer too', () => {
    const file = idx(u8, [1, 1, 2, 3], [1, 2, 3, 4, 5, 6]);
    const shifted = new Uint8Array(file.length + 5);
    shifted.set(file, 5);
    const parsed = parseIdxImages(shifted.subarray(5), 'images');
    expect(parsed).toMatchObject({ count: 1, height: 1, width: 2, channels: 3 });
    expect([...parsed.images]).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it.each([
    ['nothing', new Uint8Array(0), 'train-images: 0 bytes are too few for an IDX file.'],
    [
      'gzip',
      Uint8Array.of(0x1f, 0x8b, 8, 0, 0),
      'train-images: not an IDX file of images: it is still gzip-compressed; decompress it first.',
    ],
    [
      'a web page',
      new TextEncoder().encode('<!DOCTYPE html>'),
      'train-images: not an IDX file of images: it begins with "<", so it may be a web page saved in its place.',
    ],
    [
      'a zip archive',
      new TextEncoder().encode('PK\x03\x04'),
      'train-images: not an IDX file of images: it is a zip archive; unpack it first.',
    ],
    [
      'other bytes',
      Uint8Array.of(1, 2, 3, 4),
      'train-images: not an IDX file of images: it begins with 01 02 03 04, where 00 00 and a type were expected.',
    ],
    ['an unknown type', idx(0x07, [1], [0]), 'train-images: not an IDX file of images: unknown type 0x07.'],
    [
      'no dimensions',
      idx(u8, [], [1]),
      'train-images: the header promises 0 dimensions, but the file has only 5 bytes.',
    ],
    [
      'a cut header',
      twoImages.subarray(0, 10),
      'train-images: the header promises 3 dimensions, but the file has only 10 bytes.',
    ],
    [
      'floats',
      idx(0x0d, [1, 1, 1], [0, 0, 0, 0]),
      'train-images: images must be u8 (type 0x08), but the file holds 0x0d (f32). Save them as bytes: multiply values from 0 to 1 by 255, and round them.',
    ],
    [
      'labels',
      twoLabels,
      'train-images: images need 3 or 4 dimensions [N,H,W(,C)], but the file has 1: [2]. That is the shape of a label file: were the two swapped?',
    ],
    ['no images', idx(u8, [0, 28, 28], []), 'train-images: holds no images: its dimensions are [0,28,28].'],
    ['no width', idx(u8, [1, 28, 0], []), 'train-images: holds no images: its dimensions are [1,28,0].'],
    [
      'truncated',
      twoImages.subarray(0, twoImages.length - 1),
      'train-images: truncated: [2,2,3] of u8 need 12 bytes, but 11 follow the header. Fetch it again.',
    ],
    [
      'too long',
      idx(u8, [1, 1, 1], [1, 2]),
      'train-images: too long: [1,1,1] of u8 need 1 bytes, but 2 follow the header. Is it really this data set?',
    ],
    [
      'absurd dimensions',
      idx(u8, [0xffffffff, 0xffffffff, 0xffffffff], [1]),
      'train-images: truncated: [4294967295,4294967295,4294967295] of u8 need 7.9228162458924105e+28 bytes, but 1 follow the header. Fetch it again.',
    ],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => parseIdxImages(bytes, 'train-images')).toThrow(new DataError(message));
  });
});

describe('parseIdxLabels', () => {
  it('reads u8, i16 and i32', () => {
    expect(parseIdxLabels(twoLabels, 'labels')).toEqual(Uint8Array.of(1, 0));
    expect(parseIdxLabels(idx(0x0b, [2], [0x01, 0x2c, 0, 7]), 'labels')).toEqual(Uint16Array.of(300, 7));
    expect(parseIdxLabels(idx(0x0c, [1], [0, 0, 0xff, 0xff]), 'labels')).toEqual(Uint16Array.of(65535));
  });

  it.each([
    [
      'images',
      twoImages,
      'train-labels: labels need 1 dimension [N], but the file has 3: [2,2,3]. That is the shape of an image file: were the two swapped?',
    ],
    [
      'a negative label',
      idx(0x0b, [1], [0xff, 0xff]),
      'train-labels: label 0 is -1; labels are integers from 0 to 65535.',
    ],
    [
      'a label past 16 bits',
      idx(0x0c, [1], [0, 1, 0, 0]),
      'train-labels: label 0 is 65536; labels are integers from 0 to 65535.',
    ],
    [
      'floats',
      idx(0x0d, [1], [0, 0, 0, 0]),
      'train-labels: labels must be u8, i16 or i32, but the file holds 0x0d (f32).',
    ],
    [
      'truncated',
      idx(u8, [3], [1, 2]),
      'train-labels: truncated: [3] of u8 need 3 bytes, but 2 follow the header. Fetch it again.',
    ],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => parseIdxLabels(bytes, 'train-labels')).toThrow(new DataError(message));
  });
});

describe('imageSetFromIdx', () => {
  it('joins the two, and names the classes by number by default', () => {
    const set = imageSetFromIdx({ images: twoImages, labels: twoLabels });
    expect(set).toMatchObject({ count: 2, height: 2, width: 3, channels: 1, classNames: ['0', '1'] });
    expect(set.imageShape).toEqual([2, 3, 1]);
  });

  it('takes any number of classes, above 256 too', () => {
    const labels = idx(0x0b, [2], [0x01, 0x2c, 0, 0]);
    expect(imageSetFromIdx({ images: twoImages, labels }).classCount).toBe(301);
  });

  it('refuses counts that differ', () => {
    expect(() =>
      imageSetFromIdx({ images: twoImages, labels: idx(u8, [3], [0, 1, 0]) }),
    ).toThrowErrorMatchingInlineSnapshot(
      `[DataError: labels: holds 3 labels, but images holds 2 images. Take both files from the same part of the data set.]`,
    );
  });

  it('refuses a label without a class name', () => {
    expect(() =>
      imageSetFromIdx({ images: twoImages, labels: twoLabels, classNames: ['only'] }),
    ).toThrowErrorMatchingInlineSnapshot(
      `[DataError: labels: holds the label 1, but there are 1 classes (0 to 0).]`,
    );
  });
});

describe('promisedLength', () => {
  it('is the length of a whole file, known from its header alone', () => {
    expect(promisedLength(twoImages)).toBe(twoImages.length);
    expect(promisedLength(twoImages.subarray(0, 16))).toBe(twoImages.length);
    expect(promisedLength(idx(0x0c, [3], []))).toBe(8 + 12);
  });

  it('is unknown for a part of a header, and for other files', () => {
    expect(promisedLength(twoImages.subarray(0, 15))).toBeUndefined();
    expect(promisedLength(new Uint8Array(0))).toBeUndefined();
    expect(promisedLength(Uint8Array.of(0, 0, 0x07, 1, 0, 0, 0, 1))).toBeUndefined();
    expect(promisedLength(new TextEncoder().encode('<html>'))).toBeUndefined();
  });
});

describe('transposed', () => {
  it('swaps rows and columns of each image, and keeps channels together', () => {
    expect(transposed(parseIdxImages(twoImages, 'x'))).toEqual({
      images: Uint8Array.of(1, 4, 2, 5, 3, 6, 10, 40, 20, 50, 30, 60),
      count: 2,
      height: 3,
      width: 2,
      channels: 1,
    });
    const colour = parseIdxImages(idx(u8, [1, 2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8]), 'x');
    expect([...transposed(colour).images]).toEqual([1, 2, 5, 6, 3, 4, 7, 8]);
    expect(transposed(transposed(colour))).toEqual(colour);
  });
});

describe('any bytes at all', () => {
  /** What became of parsing: `parsed`, `refused`, or the error that should not have been. */
  function outcome(parse: () => unknown): unknown {
    try {
      parse();
      return 'parsed';
    } catch (error) {
      return error instanceof DataError ? 'refused' : error;
    }
  }
  // Random bytes seldom begin with a good magic, so half of the files are given one.
  const magic = fc
    .tuple(fc.constantFrom(0x08, 0x0b, 0x0c), fc.nat(5))
    .map(([type, rank]) => [0, 0, type, rank]);
  const sizes = fc.array(fc.nat(4), { maxLength: 5 }).map((all) => all.flatMap((size) => [0, 0, 0, size]));
  const tail = fc.uint8Array({ maxLength: 80 });
  const almost = fc
    .tuple(magic, sizes, tail)
    .map(([head, dims, rest]) => Uint8Array.from([...head, ...dims, ...rest]));
  const anyBytes = fc.oneof(fc.uint8Array({ maxLength: 64 }), almost);

  it('give a result or a DataError, nothing else', () => {
    fc.assert(
      fc.property(anyBytes, anyBytes, (images, labels) => {
        expect(outcome(() => parseIdxImages(images, 'x'))).toBeOneOf(['parsed', 'refused']);
        expect(outcome(() => parseIdxLabels(labels, 'x'))).toBeOneOf(['parsed', 'refused']);
        expect(outcome(() => imageSetFromIdx({ images, labels }))).toBeOneOf(['parsed', 'refused']);
      }),
      { numRuns: 2000 },
    );
  });

  it('round trip for well-formed files', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 1, max: 7 }),
        (n, h, w) => {
          const values = Uint8Array.from({ length: n * h * w }, (_, i) => i);
          expect(parseIdxImages(idx(u8, [n, h, w], values), 'x').images).toEqual(values);
        },
      ),
    );
  });
});
