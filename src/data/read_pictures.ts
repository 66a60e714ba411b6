/** Decodes many pictures into images of one size, prepared as the model will have them. */
import { DataError } from '../errors.js';
import type { UnlabelledImages } from './dataset.js';
import type { FileTree } from './file_tree.js';
import type { Picture } from './picture.js';
import { mostPictureBytes } from './picture_kind.js';
import { type PicturePreparation, plainPreparation } from '../picture_preparation.js';
import { PixelRoom } from './pixel_room.js';
import { preparePicture } from './prepare_picture.js';
import type { PictureSize } from './picture_reader.js';

export interface PictureOptions {
  /** The size of the images. Default: that of the pictures, which must then agree. */
  readonly size?: PictureSize;
  /** How pictures of another size take it. Default: contained, with their own shades, over white. */
  readonly pictures?: Partial<PicturePreparation>;
  /** 1 for greyscale, 3 for RGB. Default: greyscale if all pictures are. */
  readonly channels?: 1 | 3;
  /** Leaves out pictures that are damaged, empty or of a single colour, instead of refusing them. Default false. */
  readonly skipBad?: boolean;
  /** Called after each picture. */
  readonly onPicture?: (done: number, total: number) => void;
}

export interface ReadPictures extends UnlabelledImages {
  /** The position in the given files of each image: all of them, unless some were left out. */
  readonly positions: readonly number[];
  readonly notes: readonly string[];
}

/** Files open at once: enough to keep the disk busy, far below system limits. */
const filesAtOnce = 16;
/** Limit for the bytes of all pictures together; a device holds less. */
const maxBytes = 2 ** 31;
/** A digit's size if none is given. */
const digitSize: PictureSize = { height: 28, width: 28 };

/**
 * Greyscale if all of the pictures are, otherwise RGB. Each picture is brought to its size before the next ones are opened.
 *
 * Throws: DataError that names all pictures that cannot be used, or the sizes if they differ and no size was given; FileError.
 */
export async function readPictures(
  tree: FileTree,
  at: string,
  files: readonly string[],
  options: PictureOptions = {},
): Promise<ReadPictures> {
  const { pictures = {}, skipBad = false, onPicture } = options;
  const preparation = { ...plainPreparation, ...pictures };
  const bad = new Map<number, string>();
  const room = new PixelRoom();
  /** Notes the reason why a picture cannot be used. */
  const tried = async <Result>(i: number, work: (bytes: Uint8Array) => Promise<Result>) => {
    try {
      return await work(await tree.read(files[i]!, mostPictureBytes));
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      bad.set(i, error.message);
      return undefined;
    }
  };

  const sizes = await mapSome(files, async (file, i) =>
    tried(i, async (bytes) => tree.pictures.sizeOf(bytes, file)),
  );
  const size = options.size ?? (preparation.fit === 'digit' ? digitSize : commonSize(at, sizes));
  let done = 0;
  const images = await mapSome(files, async (file, i) => {
    const known = sizes[i];
    const image =
      known &&
      (await tried(i, async (bytes) =>
        room.take(known.width * known.height, async () => {
          const picture = await tree.pictures.decode(bytes, file);
          if (isFlat(picture)) throw new DataError(`${file}: all its pixels have one colour.`);
          const channels = options.channels ?? (isGrey(picture, preparation) ? 1 : 3);
          return named(file, () => preparePicture(picture, { ...size, channels }, preparation));
        }),
      ));
    if (image && image.length * files.length > maxBytes) {
      throw new DataError(
        `${at}: ${files.length} pictures of ${size.width}×${size.height} are too much, at most ${maxBytes / 2 ** 20} MiB are read. Choose a smaller size, such as ${suggestedSize(sizes)}.`,
      );
    }
    onPicture?.(++done, files.length);
    return image;
  });
  const badOnes = [...bad.keys()].sort((a, b) => a - b);
  const badNamed = someNamed(tree, files, badOnes);
  if (bad.size > 0 && !skipBad)
    throw refusal(
      at,
      badNamed,
      badOnes.map((i) => bad.get(i)!),
    );

  const pixels = size.width * size.height;
  const good = images.flatMap((image, i) => (image ? [{ image, i }] : []));
  if (good.length === 0) throw new DataError(`${at}: none of its ${files.length} pictures can be used.`);
  const channels = options.channels ?? (good.some(({ image }) => image.length > pixels) ? 3 : 1);
  const all = new Uint8Array(good.length * pixels * channels);
  for (const [place, { image }] of good.entries())
    all.set(withChannels(image, image.length / pixels, channels), place * pixels * channels);
  return {
    images: all,
    count: good.length,
    ...size,
    channels,
    positions: good.map(({ i }) => i),
    notes: bad.size > 0 ? [`Left out: ${badNamed}, which cannot be used.`] : [],
  };
}

/** Adds the name of the file to an error that lacks it. */
function named<Result>(file: string, work: () => Result): Result {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof DataError) throw new DataError(`${file}: ${cause.message}`, { cause });
    throw cause;
  }
}

/** The size that all pictures have. Throws: DataError with a suggestion if they differ. */
function commonSize(at: string, sizes: readonly (PictureSize | undefined)[]): PictureSize {
  const known = sizes.filter((size) => size !== undefined);
  const [first] = known;
  // Nothing can be read: the pictures are named one by one.
  if (!first) return { width: 1, height: 1 };
  const counts = countedSizes(known);
  if (counts.length === 1) return first;
  const [[most, often]] = counts as [[string, number]];
  const areas = known.toSorted((a, b) => a.width * a.height - b.width * b.height);
  const [small, large] = [areas[0]!, areas.at(-1)!].map(({ width, height }) => `${width}×${height}`);
  throw new DataError(
    `${at}: its ${known.length} pictures have ${counts.length} sizes, from ${small} to ${large}; the commonest is ${most} (${often}). Choose one size for all, such as --size ${suggestedSize(sizes)}, and how they take it: --fit contain, cover or stretch.`,
  );
}

/** By how often they occur. */
function countedSizes(sizes: readonly PictureSize[]): [size: string, count: number][] {
  const counts = new Map<string, number>();
  for (const { width, height } of sizes) {
    const name = `${width}×${height}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1]);
}

/** The commonest size if most pictures have it and it is small, otherwise a square that networks of this kind learn quickly. */
function suggestedSize(sizes: readonly (PictureSize | undefined)[]): string {
  const known = sizes.filter((size) => size !== undefined);
  const [commonest] = countedSizes(known);
  const [most, often] = commonest ?? ['', 0];
  const [width = 0, height = 0] = most.split('×').map(Number);
  if (often > known.length / 2 && Math.max(width, height) <= 128) return `${width}x${height}`;
  const sides = known.map((size) => Math.min(size.width, size.height)).sort((a, b) => a - b);
  const median = sides[sides.length >> 1] ?? 64;
  const side = [28, 32, 48].findLast((each) => each <= median) ?? 28;
  return median >= 64 ? '64x64' : `${side}x${side}`;
}

/** Names all pictures that cannot be used, each with its reason. */
function refusal(at: string, named: string, faults: readonly string[]): DataError {
  const [only, ...others] = faults;
  if (others.length === 0)
    return new DataError(`${only} Mend or remove it, or leave it out with --skip-bad.`);
  return new DataError(
    `${at}: ${named} cannot be used. Mend or remove them, or leave them out with --skip-bad.`,
    { faults },
  );
}

/** `5 of 7 pictures (a.png, b.png, c.png and 2 more)` */
function someNamed(tree: FileTree, files: readonly string[], bad: readonly number[]): string {
  const first = bad.slice(0, 3).map((i) => tree.nameOf(files[i]!));
  const more = bad.length > first.length ? ` and ${bad.length - first.length} more` : '';
  return `${bad.length} of ${files.length} pictures (${first.join(', ')}${more})`;
}

function isFlat({ data, channels }: Picture): boolean {
  for (let i = channels; i < data.length; i++) if (data[i] !== data[i - channels]) return false;
  return data.length > channels;
}

/** Whether a picture has no colour, over a background. */
function isGrey({ data, channels }: Picture, { background }: PicturePreparation): boolean {
  if (channels < 3) return true;
  const isBehindGrey = /^#(..)\1\1$/.test(background);
  for (let i = 0; i < data.length; i += channels) {
    const alpha = channels === 4 ? data[i + 3]! : 255;
    if (alpha > 0 && (data[i] !== data[i + 1] || data[i] !== data[i + 2])) return false;
    if (alpha < 255 && !isBehindGrey) return false;
  }
  return true;
}

function withChannels(image: Uint8Array, own: number, wanted: number): Uint8Array {
  if (own === wanted) return image;
  return Uint8Array.from({ length: image.length * wanted }, (_, i) => image[Math.floor(i / wanted)]!);
}

/** Runs `work` on every item, some concurrently; results in the order of the items. */
async function mapSome<Item, Result>(
  items: readonly Item[],
  work: (item: Item, i: number) => Promise<Result>,
): Promise<Result[]> {
  const results = Array.from<Result>({ length: items.length });
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const at = next++;
      results[at] = await work(items[at]!, at);
    }
  };
  try {
    await Promise.all(Array.from({ length: filesAtOnce }, worker));
  } finally {
    next = items.length; // after a failure the other workers stop too
  }
  return results;
}
