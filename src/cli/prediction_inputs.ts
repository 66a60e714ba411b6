/** Reads the files given to `predict` as images of the shape that the model takes. */
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
  /** The image shape of the model. */
  readonly shape: ImageShape;
  /** Whether pictures show single digits: the ink is then cropped, scaled and centred. */
  readonly areDigits: boolean;
  /** Whether other pictures with a light border are inverted. */
  readonly invert: boolean;
  readonly transpose: boolean;
}

/** The images of one file, with their labels if it has any. */
export interface Input extends RawImages {
  readonly file: string;
}

/**
 * Reads a PNG picture, a CSV, or an IDX file with the label file next to it, if there is one.
 *
 * Throws: FileError; DataError if the file is damaged or its images do not have the model's shape.
 */
export async function readInput(file: string, options: InputOptions): Promise<Input> {
  const { shape, transpose } = options;
  const bytes = await readBytes(file);
  if (/\.csv$/i.test(file)) return { file, ...parseCsv(bytes, file, { shape }) };
  if (isIdx(bytes)) {
    const images = await readIdxImages(diskTree, file, { transpose });
    const [own, expected] = [images, shape].map(shapeText);
    if (own === expected) return { file, ...images };
    throw new DataError(`${file}: the images are ${own}, but the model expects ${expected}.`);
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
