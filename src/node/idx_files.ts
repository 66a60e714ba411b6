/**
 * IDX files on disk, plain or gzip-packed, alone or in pairs of images and labels.
 *
 * A pair is told by its names, as MNIST and its relatives have them: `train-images-idx3-ubyte` with
 * `train-labels-idx1-ubyte`, with a dot for the second dash in some archives, with `.gz` or without.
 */
import path from 'node:path';
import { createGunzip } from 'node:zlib';
import type { RawImages } from '../data/dataset.js';
import { parseIdxImages, parseIdxLabels, promisedLength, transposed } from '../data/idx.js';
import { DataError, FileError } from '../errors.js';
import { fileExists, readBytes } from './files.js';

/** Larger files are not read: a typed array of this size still fits everywhere. */
const maxBytes = 2 ** 31;
/** Deflate packs at most 1,032 bytes into one (Deutsch 1996, RFC 1951: 258 bytes in 2 bits). */
const maxRatio = 1032;
/** A header with 255 dimensions. */
const longestHeader = 4 + 4 * 255;

/**
 * The whole file, unpacked when it is packed. Never unpacks more than the header promises.
 *
 * Throws: FileError; DataError naming the file when it cannot be unpacked or does not have the length promised.
 */
export async function readIdxBytes(file: string): Promise<Uint8Array> {
  const bytes = await readBytes(file);
  return bytes[0] === 0x1f && bytes[1] === 0x8b ? unpack(bytes, file) : bytes;
}

async function unpack(packed: Uint8Array, name: string): Promise<Uint8Array> {
  const gunzip = createGunzip();
  const most = Math.min(maxBytes, packed.length * maxRatio);
  const chunks: Uint8Array[] = [];
  let length = 0;
  let promised: number | undefined;
  try {
    gunzip.end(packed);
    for await (const chunk of gunzip as AsyncIterable<Uint8Array>) {
      chunks.push(chunk);
      length += chunk.length;
      promised ??= promisedLength(join(chunks, length));
      if (promised !== undefined && promised > most) {
        throw new DataError(
          `${name}: the header promises ${promised} bytes, but ${packed.length} packed bytes hold at most ${most}. The file is damaged or not what it says.`,
        );
      }
      if (length > (promised ?? longestHeader)) break;
    }
  } catch (cause) {
    if (cause instanceof DataError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DataError(`${name}: cannot be unpacked (${reason}). Fetch it again.`, { cause });
  }
  if (promised !== undefined && length > promised) {
    throw new DataError(
      `${name}: too long: the header promises ${promised} bytes, but more come out of the packed file. Is it really this data set?`,
    );
  }
  return join(chunks, length);
}

function join(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

/** A file of images by its name: `<stem>images…`, where the stem is `train-`, `emnist-letters-test-` or nothing. */
export interface ImagesFile {
  readonly file: string;
  readonly stem: string;
}

const imagesName = /^(.*?)images([-.]idx[34]-ubyte)(\.gz)?$/;

/** Undefined for a name that is not of an IDX file of images. */
export function asImagesFile(file: string): ImagesFile | undefined {
  const stem = imagesName.exec(path.basename(file))?.[1];
  return stem === undefined ? undefined : { file, stem };
}

function labelsNameOf(imagesName: string): string {
  return imagesName.replace(/images([-.])idx[34]-ubyte$/, 'labels$1idx1-ubyte');
}

/** The labels that lie beside a file of images, plain or packed; undefined when there are none. */
async function findLabels(imagesFile: string): Promise<string | undefined> {
  const plain = path.basename(imagesFile).replace(/\.gz$/, '');
  const called = labelsNameOf(plain);
  if (called === plain) return undefined;
  const dotted = called.replace(/-(idx1-ubyte)$/, '.$1');
  const dashed = called.replace(/\.(idx1-ubyte)$/, '-$1');
  for (const name of new Set([called, dotted, dashed])) {
    for (const ending of ['', '.gz']) {
      const file = path.join(path.dirname(imagesFile), name + ending);
      if (await fileExists(file)) return file;
    }
  }
  return undefined;
}

/**
 * A file of images with the labels beside it, if there are any.
 *
 * Throws: FileError; DataError when a file is bad or the counts differ.
 */
export async function readIdxImages(
  file: string,
  { transpose = false }: { readonly transpose?: boolean } = {},
): Promise<RawImages> {
  const images = parseIdxImages(await readIdxBytes(file), file);
  const turned = transpose ? transposed(images) : images;
  const labelsFile = await findLabels(file);
  if (labelsFile === undefined) return turned;
  const labels = parseIdxLabels(await readIdxBytes(labelsFile), labelsFile);
  if (labels.length !== images.count) {
    throw new DataError(
      `${labelsFile}: holds ${labels.length} labels, but ${path.basename(file)} holds ${images.count} images. Take both files from the same part of the data set.`,
    );
  }
  return { ...turned, labels };
}

/** As `readIdxImages`. Throws: FileError (`missing`) too, when no labels lie beside the images. */
export async function readLabelledIdx(
  file: string,
  options: { readonly transpose?: boolean } = {},
): Promise<Required<RawImages>> {
  const { labels, ...images } = await readIdxImages(file, options);
  if (labels !== undefined) return { ...images, labels };
  throw new FileError(
    `${file}: no labels lie beside it. Put ${labelsNameOf(path.basename(file, '.gz'))} (or its .gz) into the same folder.`,
    { problem: 'missing' },
  );
}
