/**
 * The IDX format of MNIST and its relatives: two zero bytes, a type byte, the number of dimensions, the
 * dimensions as big-endian u32, then the values. Images are [N,H,W] or [N,H,W,C] of u8, labels are [N].
 *
 * Sizes and class counts come from the file, so KMNIST, EMNIST and custom data sets work alike.
 */
import { DataError } from '../errors.js';
import { ImageSet, type UnlabelledImages } from './dataset.js';
import { countClasses, maxLabel, numbered } from './labels.js';

/** The type byte of an IDX file → its name and the bytes of one value. */
const valueTypes: Readonly<Record<number, { readonly name: string; readonly bytes: number }>> = {
  0x08: { name: 'u8', bytes: 1 },
  0x09: { name: 'i8', bytes: 1 },
  0x0b: { name: 'i16', bytes: 2 },
  0x0c: { name: 'i32', bytes: 4 },
  0x0d: { name: 'f32', bytes: 4 },
  0x0e: { name: 'f64', bytes: 8 },
};

/**
 * Reads an IDX file of images.
 *
 * Memory: the images are a view into `bytes`, not a copy.
 * Throws: DataError naming `name` unless the bytes are u8 images of at least one pixel.
 */
export function parseIdxImages(bytes: Uint8Array, name: string): UnlabelledImages {
  const { type, dimensions, values } = parseIdx(bytes, name, 'images');
  const [count = 0, height = 0, width = 0, channels = 1] = dimensions;
  if (dimensions.length !== 3 && dimensions.length !== 4) {
    const kind = dimensions.length === 1 ? ' That is the shape of a label file: were the two swapped?' : '';
    throw new DataError(
      `${name}: images need 3 or 4 dimensions [N,H,W(,C)], but the file has ${dimensions.length}: [${dimensions.join(',')}].${kind}`,
    );
  }
  if (type !== 0x08) {
    const isFraction = type === 0x0d || type === 0x0e;
    const remedy = isFraction
      ? 'multiply values from 0 to 1 by 255, and round them'
      : 'write values from 0 to 255';
    throw new DataError(
      `${name}: images must be u8 (type 0x08), but the file holds ${typeName(type)}. Save them as bytes: ${remedy}.`,
    );
  }
  return { images: values, count, height, width, channels };
}

/**
 * Reads an IDX file of labels: u8, or i16 and i32 for data sets with more than 256 classes.
 *
 * Memory: u8 labels are a view into `bytes`, wider ones a copy.
 * Throws: DataError naming `name` unless the bytes are labels from 0 to 65,535.
 */
export function parseIdxLabels(bytes: Uint8Array, name: string): Uint8Array | Uint16Array {
  const { type, dimensions, values } = parseIdx(bytes, name, 'labels');
  if (dimensions.length !== 1) {
    const kind = dimensions.length >= 3 ? ' That is the shape of an image file: were the two swapped?' : '';
    throw new DataError(
      `${name}: labels need 1 dimension [N], but the file has ${dimensions.length}: [${dimensions.join(',')}].${kind}`,
    );
  }
  if (type === 0x08) return values;
  if (type !== 0x0b && type !== 0x0c) {
    throw new DataError(`${name}: labels must be u8, i16 or i32, but the file holds ${typeName(type)}.`);
  }
  const view = new DataView(values.buffer, values.byteOffset, values.byteLength);
  const labels = new Uint16Array(dimensions[0]!);
  for (let i = 0; i < labels.length; i++) {
    const label = type === 0x0b ? view.getInt16(2 * i) : view.getInt32(4 * i);
    if (label < 0 || label > maxLabel) {
      throw new DataError(`${name}: label ${i} is ${label}; labels are integers from 0 to ${maxLabel}.`);
    }
    labels[i] = label;
  }
  return labels;
}

/** Swaps rows and columns of every image, as EMNIST files need. Shapes: [N,H,W,C] → [N,W,H,C]. */
export function transposed({ images, count, height, width, channels }: UnlabelledImages): UnlabelledImages {
  const turned = new Uint8Array(images.length);
  let next = 0;
  for (let n = 0; n < count; n++) {
    for (let x = 0; x < width; x++) {
      for (let y = 0; y < height; y++) {
        const from = ((n * height + y) * width + x) * channels;
        for (let c = 0; c < channels; c++) turned[next++] = images[from + c]!;
      }
    }
  }
  return { images: turned, count, height: width, width: height, channels };
}

/**
 * The file length that the header implies, given the `start` of a file: 4 + 4·dimensions bytes plus the values.
 * Undefined if the header is incomplete or not an IDX header; `parseIdx…` then reports the problem.
 */
export function promisedLength(start: Uint8Array): number | undefined {
  const [zero0, zero1, type = 0, rank = 0] = start;
  const valueType = valueTypes[type];
  if (zero0 !== 0 || zero1 !== 0 || valueType === undefined || start.length < 4 + 4 * rank) return undefined;
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
  let length = valueType.bytes;
  for (let i = 0; i < rank; i++) length *= view.getUint32(4 + 4 * i);
  return 4 + 4 * rank + length;
}

/** The two files of one part of a data set, with their names for messages. */
export interface IdxPair {
  readonly images: Uint8Array;
  readonly labels: Uint8Array;
  readonly imagesName?: string;
  readonly labelsName?: string;
  /** One name per class. Default: 0 … the largest label. */
  readonly classNames?: readonly string[];
}

/**
 * Joins an image file and its label file into one set.
 *
 * Memory: the set views the bytes given.
 * Throws: DataError when a file is damaged, the counts differ, or a label has no class name.
 */
export function imageSetFromIdx(pair: IdxPair): ImageSet {
  const imagesName = pair.imagesName ?? 'images';
  const labelsName = pair.labelsName ?? 'labels';
  const { images, count, height, width, channels } = parseIdxImages(pair.images, imagesName);
  const labels = parseIdxLabels(pair.labels, labelsName);
  if (labels.length !== count) {
    throw new DataError(
      `${labelsName}: holds ${labels.length} labels, but ${imagesName} holds ${count} images. ` +
        `Take both files from the same part of the data set.`,
    );
  }
  const classes = countClasses(labelsName, [labels]);
  const classNames = pair.classNames ?? numbered(classes);
  if (classes > classNames.length) {
    throw new DataError(
      `${labelsName}: holds the label ${classes - 1}, but there are ${classNames.length} classes (0 to ${classNames.length - 1}).`,
    );
  }
  return new ImageSet({ images, labels, height, width, channels, classNames });
}

/** Parses magic number and dimensions, and checks that exactly the implied number of bytes follows. */
function parseIdx(
  bytes: Uint8Array,
  name: string,
  kind: 'images' | 'labels',
): { type: number; dimensions: number[]; values: Uint8Array } {
  if (bytes.length < 4) throw new DataError(`${name}: ${bytes.length} bytes are too few for an IDX file.`);
  const [zero0, zero1, type, rank] = bytes as unknown as [number, number, number, number];
  if (zero0 !== 0 || zero1 !== 0) {
    throw new DataError(`${name}: not an IDX file of ${kind}: ${describeStart(bytes)}.`);
  }
  const valueType = valueTypes[type];
  if (valueType === undefined) {
    throw new DataError(`${name}: not an IDX file of ${kind}: unknown type ${typeName(type)}.`);
  }
  const headerLength = 4 + 4 * rank;
  if (rank === 0 || bytes.length < headerLength) {
    throw new DataError(
      `${name}: the header promises ${rank} dimensions, but the file has only ${bytes.length} bytes.`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const dimensions = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  if (dimensions.includes(0)) {
    throw new DataError(`${name}: holds no ${kind}: its dimensions are [${dimensions.join(',')}].`);
  }
  // In a damaged header the product may exceed 2^53; it is then inexact but still differs from any real length.
  const expected = dimensions.reduce((product, size) => product * size, valueType.bytes);
  const found = bytes.length - headerLength;
  if (found !== expected) {
    const fault = found < expected ? 'truncated' : 'too long';
    const remedy = found < expected ? 'Fetch it again.' : 'Is it really this data set?';
    throw new DataError(
      `${name}: ${fault}: [${dimensions.join(',')}] of ${valueType.name} need ${expected} bytes, but ${found} follow the header. ${remedy}`,
    );
  }
  return { type, dimensions, values: bytes.subarray(headerLength) };
}

function typeName(type: number): string {
  const known = valueTypes[type];
  return `0x${type.toString(16).padStart(2, '0')}${known ? ` (${known.name})` : ''}`;
}

/** Describes the first bytes, to recognise common mistakes. */
function describeStart(bytes: Uint8Array): string {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return 'it is still gzip-compressed; decompress it first';
  if (bytes[0] === 0x3c) return 'it begins with "<", so it may be a web page saved in its place';
  if (bytes[0] === 0x50 && bytes[1] === 0x4b) return 'it is a zip archive; unpack it first';
  const start = Array.from(bytes.subarray(0, 4), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
  return `it begins with ${start}, where 00 00 and a type were expected`;
}
