/**
 * Pictures in one folder per class: `<folder>/<class>/*.png`, in natural order of their names (2 before 10).
 */
import { DataError } from '../errors.js';
import type { RawImages } from './dataset.js';
import type { FileTree } from './file_tree.js';
import { maxClasses, someOf } from './labels.js';
import type { Picture } from './picture.js';
import { PixelRoom } from './pixel_room.js';
import { mostPngBytes, pngPixels } from './png.js';

/** Files open at once: enough to keep the disk busy, far below system limits. */
const filesAtOnce = 16;
/** Limit for the bytes of all pictures together; a device holds less. */
const maxBytes = 2 ** 31;

const inOrder = new Intl.Collator('en', { numeric: true });

/** Natural order of names; names that compare equal (a, A) by code unit. */
function sorted(names: readonly string[]): string[] {
  return [...names].sort((a, b) => inOrder.compare(a, b) || (a < b ? -1 : 1));
}

/**
 * The subfolders of a folder, sorted, without hidden ones and those that macOS adds to archives.
 *
 * Throws: FileError when the folder cannot be listed.
 */
export async function listFolders(tree: FileTree, folder: string): Promise<string[]> {
  const { folders } = await tree.list(folder);
  return sorted(folders.filter((name) => !name.startsWith('.') && name !== '__MACOSX'));
}

/** The pictures of one part of a data set, with the classes by name. */
export interface PictureSet extends Required<RawImages> {
  readonly classNames: readonly string[];
}

/**
 * All pictures of a folder, class by class. Greyscale if all of them are, otherwise RGB; transparency becomes black.
 *
 * `classNames` fixes the label of each class, for a test part. Default: the sorted folder names.
 * Throws: DataError naming a picture that is damaged or has another size, or a class folder that is empty or
 * unknown; FileError.
 */
export async function readPictures(
  tree: FileTree,
  folder: string,
  classNames?: readonly string[],
): Promise<PictureSet> {
  const found = await listFolders(tree, folder);
  const classes = classNames ?? found;
  const labelOf = new Map(classes.map((name, label) => [name, label]));
  const unknown = found.find((name) => !labelOf.has(name));
  if (unknown !== undefined) {
    throw new DataError(
      `${tree.join(folder, unknown)}: the training part has no class '${unknown}'; its classes are ${someOf(classes)}.`,
    );
  }
  if (classes.length > maxClasses) {
    throw new DataError(
      `${folder}: holds ${classes.length} folders, and at most ${maxClasses} classes are read. Name a folder with one folder for each class.`,
    );
  }
  if (found.length === 0)
    throw new DataError(`${folder}: holds no folders, expected one with pictures for each class.`);

  const files: string[] = [];
  const labels: number[] = [];
  for (const name of found) {
    for (const picture of await listPictures(tree, tree.join(folder, name))) {
      files.push(picture);
      labels.push(labelOf.get(name)!);
    }
  }
  const room = new PixelRoom();
  const decoded = await mapSome(files, filesAtOnce, async (file) => {
    const bytes = await tree.read(file, mostPngBytes);
    const picture = await room.take(pngPixels(bytes), async () =>
      overBlack(await tree.decodePng(bytes, file)),
    );
    if (picture.data.length * files.length > maxBytes) {
      throw new DataError(
        `${file}: ${files.length} pictures of ${sizeOf(picture)} are too much, at most ${maxBytes / 2 ** 20} MiB are read. Make them smaller.`,
      );
    }
    return picture;
  });
  const [first] = decoded as [OpaquePicture];
  for (const [i, picture] of decoded.entries()) {
    if (picture.width !== first.width || picture.height !== first.height) {
      throw new DataError(
        `${files[i]}: has ${sizeOf(picture)} pixels, but ${files[0]} has ${sizeOf(first)}; all pictures must have one size.`,
      );
    }
  }
  const channels = decoded.some((picture) => picture.channels === 3) ? 3 : 1;
  const size = first.width * first.height * channels;
  const images = new Uint8Array(size * decoded.length);
  decoded.forEach((picture, i) => images.set(withChannels(picture, channels), i * size));
  const widest = classes.length > 256 ? Uint16Array : Uint8Array;
  return {
    images,
    labels: widest.from(labels),
    count: decoded.length,
    height: first.height,
    width: first.width,
    channels,
    classNames: classes,
  };
}

async function listPictures(tree: FileTree, folder: string): Promise<string[]> {
  const { files } = await tree.list(folder);
  const names = files.filter((name) => !name.startsWith('.'));
  const pictures = sorted(names.filter((name) => name.toLowerCase().endsWith('.png')));
  if (pictures.length === 0) {
    const other = names.find((name) => /\.(jpe?g|gif|webp|bmp|tiff?)$/i.test(name));
    const kind = other === undefined ? '' : ` It holds others, as ${other}: save them as PNG.`;
    throw new DataError(`${folder}: holds no PNG, but every class needs at least one.${kind}`);
  }
  return pictures.map((name) => tree.join(folder, name));
}

/** A picture without alpha: greyscale if all its pixels are. */
interface OpaquePicture {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
}

/** RGBA over black: colour · alpha / 255. */
function overBlack({ data, width, height }: Picture): OpaquePicture {
  const rgb = new Uint8Array(width * height * 3);
  let isGrey = true;
  for (let i = 0; i < width * height; i++) {
    const alpha = data[4 * i + 3]!;
    for (let c = 0; c < 3; c++) {
      const value = data[4 * i + c]!;
      rgb[3 * i + c] = alpha === 255 ? value : Math.round((value * alpha) / 255);
    }
    isGrey &&= rgb[3 * i] === rgb[3 * i + 1] && rgb[3 * i] === rgb[3 * i + 2];
  }
  if (!isGrey) return { data: rgb, width, height, channels: 3 };
  return { data: rgb.filter((_, i) => i % 3 === 0), width, height, channels: 1 };
}

function withChannels({ data, channels }: OpaquePicture, wanted: 1 | 3): Uint8Array {
  if (channels === wanted) return data;
  return Uint8Array.from({ length: data.length * 3 }, (_, i) => data[Math.floor(i / 3)]!);
}

function sizeOf({ width, height }: OpaquePicture): string {
  return `${width}×${height}`;
}

/** Runs `work` on every item, at most `atOnce` concurrently; results in the order of the items. */
async function mapSome<Item, Result>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results = Array.from<Result>({ length: items.length });
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const at = next++;
      results[at] = await work(items[at]!);
    }
  };
  try {
    await Promise.all(Array.from({ length: atOnce }, worker));
  } finally {
    next = items.length; // after a failure the other workers stop too
  }
  return results;
}
