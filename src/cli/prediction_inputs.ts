/** Reads the files given to `predict` as images of the shape that the model takes. */
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { type ImageShape, type RawImages, shapeText } from '../data/dataset.js';
import { readIdxImages } from '../data/idx_pair.js';
import { type ImageTable, parseImageTable } from '../data/image_table.js';
import { mostPictureBytes, pictureEnding } from '../data/picture_kind.js';
import type { PicturePreparation } from '../picture_preparation.js';
import { preparePicture } from '../data/prepare_picture.js';
import { unpackWhole } from '../data/unpack.js';
import { DataError, FileError, UsageError } from '../errors.js';
import { diskTree } from '../node/disk_tree.js';
import { readBytes } from '../node/files.js';

export interface InputOptions {
  /** The image shape of the model. */
  readonly shape: ImageShape;
  readonly pictures: PicturePreparation;
  readonly transpose: boolean;
  /** The values of black and white in tables, if the training was told them. */
  readonly pixelRange?: readonly [black: number, white: number];
}

/** The images of one file, with their labels if it has any. */
export interface Input extends RawImages, Pick<ImageTable, 'labelNames'> {
  readonly file: string;
}

const inOrder = new Intl.Collator('en', { numeric: true });

/**
 * The files that the arguments of `predict` name: files as they are; the pictures of a folder and of those inside it; those that
 * a pattern with `*` or `?` fits, where the shell has not replaced it; and for `-` the lines of standard input.
 *
 * Throws: UsageError for a folder or pattern without pictures, and for an empty list.
 */
export async function namedFiles(
  names: readonly string[],
  standardInput: () => Promise<string>,
): Promise<string[]> {
  const found: string[] = [];
  for (const name of names) {
    if (name === '-') found.push(...(await listedFiles(standardInput)));
    else if (await isFolder(name)) found.push(...(await picturesIn(name)));
    else found.push(...(await matching(name)));
  }
  return found;
}

async function listedFiles(standardInput: () => Promise<string>): Promise<string[]> {
  const lines = (await standardInput()).split(/\r?\n/).filter((line) => line.trim() !== '');
  if (lines.length === 0)
    throw new UsageError('predict: standard input is empty, expected the name of a file on each line.');
  return lines;
}

async function picturesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => !entry.isDirectory() && !entry.name.startsWith('.') && pictureEnding.test(entry.name))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort(inOrder.compare);
  if (files.length === 0)
    throw new UsageError(
      `predict: the folder ${folder} holds no pictures; name pictures, a CSV or an IDX file.`,
    );
  return files;
}

/** The name itself, unless it is a pattern and no file is called so. */
async function matching(name: string): Promise<string[]> {
  const { dir, base } = path.parse(name);
  if (!/[*?]/.test(base) || (await exists(name))) return [name];
  const pattern = base
    .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  const fits = new RegExp(`^${pattern}$`, 'i');
  const entries = await readdir(dir === '' ? '.' : dir).catch(() => []);
  const files = entries.filter((entry) => !entry.startsWith('.') && fits.test(entry)).sort(inOrder.compare);
  if (files.length === 0) throw new UsageError(`predict: no file fits the pattern ${name}.`);
  return files.map((file) => path.join(dir, file));
}

async function isFolder(name: string): Promise<boolean> {
  return stat(name).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

async function exists(name: string): Promise<boolean> {
  return stat(name).then(
    () => true,
    () => false,
  );
}

export interface ReadInputs {
  readonly inputs: readonly Input[];
  /** Why a file could not be used, for each of those. */
  readonly refused: readonly Refusal[];
}

export interface Refusal {
  readonly file: string;
  readonly reason: string;
}

/** Reads all files; those that are missing, damaged or unsuitable are refused one by one. */
export async function readInputs(files: readonly string[], options: InputOptions): Promise<ReadInputs> {
  const inputs: Input[] = [];
  const refused: Refusal[] = [];
  for (const file of files) {
    try {
      inputs.push(await readInput(file, options));
    } catch (error) {
      if (!(error instanceof DataError || error instanceof FileError)) throw error;
      refused.push({ file, reason: error.message });
    }
  }
  return { inputs, refused };
}

/**
 * Reads a picture, a CSV, or an IDX file with the label file next to it, if there is one.
 *
 * Throws: FileError; DataError if the file is damaged or its images do not have the model's shape.
 */
export async function readInput(
  file: string,
  { shape, pictures, transpose, pixelRange }: InputOptions,
): Promise<Input> {
  const bytes = await readBytes(file);
  if (/\.(csv|tsv)(\.gz)?$/i.test(file)) {
    const table = await unpackWhole(bytes, file, diskTree.gunzip);
    return { file, ...parseImageTable(table, file, { shape, ...(pixelRange && { pixelRange }) }) };
  }
  if (isIdx(bytes)) {
    const images = await readIdxImages(diskTree, file, { transpose });
    const [own, expected] = [images, shape].map(shapeText);
    if (own === expected) return { file, ...images };
    throw new DataError(`${file}: the images are ${own}, but the model expects ${expected}.`);
  }
  if (bytes.length > mostPictureBytes)
    throw new DataError(
      `${file}: has ${bytes.length} bytes, and pictures of at most ${mostPictureBytes} are read.`,
    );
  const picture = await diskTree.pictures.decode(bytes, file);
  try {
    return { file, images: preparePicture(picture, shape, pictures), count: 1, ...shape };
  } catch (cause) {
    if (cause instanceof DataError) throw new DataError(`${file}: ${cause.message}`, { cause });
    throw cause;
  }
}

/** Two zero bytes, or gzip. An AVIF or HEIC has two zero bytes, too, and then its brand. */
function isIdx(bytes: Uint8Array): boolean {
  const [a, b] = bytes;
  if (a === 0x1f && b === 0x8b) return true;
  return a === 0 && b === 0 && String.fromCharCode(...bytes.subarray(4, 8)) !== 'ftyp';
}
