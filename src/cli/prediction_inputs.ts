/** The files that `predict` is given, as images that the model takes. */
import { parseCsv } from '../data/csv.js';
import { type ImageShape, type RawImages, shapeText } from '../data/dataset.js';
import { digitImage } from '../data/digit_image.js';
import { readIdxImages } from '../data/idx_pair.js';
import { type Picture, fitPicture } from '../data/picture.js';
import { decodePng } from '../data/png.js';
import { DataError } from '../errors.js';
import { diskTree } from '../node/disk_tree.js';
import { readBytes } from '../node/files.js';

export interface InputOptions {
  /** What the model takes. */
  readonly shape: ImageShape;
  /** Pictures are of single digits: the ink is looked for, scaled and centred. */
  readonly areDigits: boolean;
  /** Other pictures with a light border are turned over. */
  readonly invert: boolean;
  readonly transpose: boolean;
}

/** The images of one file, with their labels when it has them. */
export interface Input extends RawImages {
  readonly file: string;
}

/**
 * Reads a picture (PNG), a CSV, or an IDX file with the labels that may lie beside it.
 *
 * Throws: FileError; DataError naming the file when it is bad, or when its images have another shape than the model's.
 */
export async function readInput(file: string, options: InputOptions): Promise<Input> {
  const { shape, transpose } = options;
  const bytes = await readBytes(file);
  if (/\.csv$/i.test(file)) return { file, ...parseCsv(bytes, file, { shape }) };
  if (isIdx(bytes)) {
    const images = await readIdxImages(diskTree, file, { transpose });
    const [own, expected] = [images, shape].map(shapeText);
    if (own === expected) return { file, ...images };
    throw new DataError(`${file}: holds images of ${own}, but the model takes ${expected}.`);
  }
  return { file, images: fit(await decodePng(bytes, file), file, options), count: 1, ...shape };
}

/** Two zero bytes, or gzip. */
function isIdx([a, b]: Uint8Array): boolean {
  return (a === 0 && b === 0) || (a === 0x1f && b === 0x8b);
}

function fit(picture: Picture, file: string, { shape, areDigits, invert }: InputOptions): Uint8Array {
  if (!areDigits) return fitPicture(picture, { ...shape, invertLight: invert });
  try {
    return digitImage(picture, { height: shape.height, width: shape.width });
  } catch (cause) {
    if (cause instanceof DataError) throw new DataError(`${file}: ${cause.message}`, { cause });
    throw cause;
  }
}
