/**
 * IDX files, plain or gzip-compressed, alone or in pairs of images and labels.
 *
 * Names identify a pair, as in MNIST and related data sets: `train-images-idx3-ubyte` with
 * `train-labels-idx1-ubyte`, in some archives with a dot for the second dash, with or without `.gz`.
 */
import { DataError, FileError } from '../errors.js';
import type { RawImages } from './dataset.js';
import type { FileTree } from './file_tree.js';
import { parseIdxImages, parseIdxLabels, transposed } from './idx.js';
import { unpackIdx } from './unpack.js';

/**
 * The whole file, decompressed if needed, but never beyond the length that the header implies.
 *
 * Throws: FileError; DataError naming the file when it cannot be decompressed or has another length.
 */
export async function readIdxBytes(tree: FileTree, file: string): Promise<Uint8Array> {
  return unpackIdx(await tree.read(file), file, tree.gunzip);
}

/** The name of an image file: `<stem>images…`, where the stem is `train-`, `emnist-letters-test-` or nothing. */
export interface ImagesFile {
  readonly file: string;
  readonly stem: string;
}

const imagesName = /^(.*?)images([-.]idx[34]-ubyte)(\.gz)?$/;

/** Undefined unless it is the name of an IDX image file. */
export function asImagesFile(tree: FileTree, file: string): ImagesFile | undefined {
  const stem = imagesName.exec(tree.nameOf(file))?.[1];
  return stem === undefined ? undefined : { file, stem };
}

function labelsNameOf(imagesName: string): string {
  return imagesName.replace(/images([-.])idx[34]-ubyte$/, 'labels$1idx1-ubyte');
}

/** The label file next to an image file, plain or compressed; undefined if there is none. */
async function findLabels(tree: FileTree, imagesFile: string): Promise<string | undefined> {
  const plain = tree.nameOf(imagesFile).replace(/\.gz$/, '');
  const called = labelsNameOf(plain);
  if (called === plain) return undefined;
  const dotted = called.replace(/-(idx1-ubyte)$/, '.$1');
  const dashed = called.replace(/\.(idx1-ubyte)$/, '-$1');
  for (const name of new Set([called, dotted, dashed])) {
    for (const ending of ['', '.gz']) {
      const file = tree.join(tree.folderOf(imagesFile), name + ending);
      if (await tree.hasFile(file)) return file;
    }
  }
  return undefined;
}

/**
 * An image file with the label file next to it, if any.
 *
 * Throws: FileError; DataError when a file is damaged or the counts differ.
 */
export async function readIdxImages(
  tree: FileTree,
  file: string,
  { transpose = false }: { readonly transpose?: boolean } = {},
): Promise<RawImages> {
  const images = parseIdxImages(await readIdxBytes(tree, file), file);
  const turned = transpose ? transposed(images) : images;
  const labelsFile = await findLabels(tree, file);
  if (labelsFile === undefined) return turned;
  const labels = parseIdxLabels(await readIdxBytes(tree, labelsFile), labelsFile);
  if (labels.length !== images.count) {
    throw new DataError(
      `${labelsFile}: holds ${labels.length} labels, but ${tree.nameOf(file)} holds ${images.count} images. Take both files from the same part of the data set.`,
    );
  }
  return { ...turned, labels };
}

/** Like `readIdxImages`. Throws: also FileError (`missing`) when there is no label file next to the images. */
export async function readLabelledIdx(
  tree: FileTree,
  file: string,
  options: { readonly transpose?: boolean } = {},
): Promise<Required<RawImages>> {
  const { labels, ...images } = await readIdxImages(tree, file, options);
  if (labels !== undefined) return { ...images, labels };
  throw new FileError(
    `${file}: there is no label file next to it. Put ${labelsNameOf(tree.nameOf(file).replace(/\.gz$/, ''))} (or its .gz) into the same folder.`,
    { problem: 'missing' },
  );
}
