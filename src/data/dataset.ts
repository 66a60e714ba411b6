/**
 * A labelled set of images on the host, and ways to divide it: by split, by limit, by selection.
 *
 * Letters: N images, H rows, W columns, C channels.
 */
import { DataError, UsageError } from '../errors.js';
import { checkArgument, checkCall } from '../calls.js';
import { integerList, firstOrphan, pixelsRule } from '../image_values.js';
import {
  type Rule,
  type Rules,
  count,
  list,
  required,
  rule,
  seed as seedRule,
  shown,
  text,
} from '../options.js';
import { layerStream, permutation, streams } from '../random.js';

/** Rows, columns, and values per pixel. */
export interface ImageShape {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** `28×28×1`. */
export function shapeText({ height, width, channels }: ImageShape): string {
  return `${height}×${width}×${channels}`;
}

/** The parts of an image set. */
export interface ImageSetParts extends ImageShape {
  /** Bytes, 0 … 255. */
  readonly images: Uint8Array | Uint8ClampedArray | readonly number[];
  readonly labels: Uint8Array | Uint16Array | readonly number[];
  readonly classNames: readonly string[];
  /** A typed array, or the labels of another set; bytes if all labels fit. */
  readonly count?: number;
}

const partRules = (): Rules<ImageSetParts> => ({
  images: pixelsRule(),
  labels: integerList(),
  height: required(count),
  width: required(count),
  channels: required(count),
  classNames: required(list('a list of strings', text)),
  count,
});

/** N images of one size without labels, as in Kaggle's test file: [N,H,W,C] in one array. */
export interface UnlabelledImages extends ImageShape {
  readonly images: Uint8Array;
  readonly count: number;
}

/** The contents of a file before its classes have names: images, with or without labels. */
export interface RawImages extends UnlabelledImages {
  readonly labels?: Uint8Array | Uint16Array;
}

export interface SeedOption {
  /** An integer; the same seed gives the same result on every machine. */
  readonly seed: number;
}

const seedRules = (): Rules<SeedOption> => ({ seed: required(seedRule) });

/**
 * N images of one size with one label each, channels last, one byte per value.
 *
 * Shapes: images [N,H,W,C] in one array, labels [N], each below classNames.length.
 * Memory: keeps the given typed arrays. A set made from another one shares its pixels and keeps a list of positions; the
 * device set gathers the images when it uploads them.
 * Throws: UsageError for parts of the wrong type; DataError when the lengths do not match or a label has no class.
 */
export class ImageSet {
  /** The pixels in one array, [N,H,W,C]. A set that shares the pixels of another copies its own on the first read. */
  declare readonly images: Uint8Array;
  readonly labels: Uint8Array | Uint16Array;
  readonly count: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly classNames: readonly string[];
  #pixels: Uint8Array;
  #positions: ArrayLike<number> | undefined;

  /** `positions`: the index in the pixels of each image. Default: all images, in order. */
  constructor(parts: ImageSetParts, positions?: ArrayLike<number>) {
    checkCall('ImageSet', parts, partRules);
    const { images, labels, height, width, channels, classNames } = parts;
    const size = height * width * channels;
    if (positions === undefined && images.length !== labels.length * size) {
      throw new DataError(
        `ImageSet: ${labels.length} labels and images of ${shapeText(parts)} need ${labels.length * size} bytes of pixels, but there are ${images.length}.`,
      );
    }
    if (positions !== undefined) checkPositions(positions, labels.length, Math.floor(images.length / size));
    const orphan = firstOrphan(labels, classNames.length);
    if (orphan >= 0) {
      throw new DataError(
        `ImageSet: label ${orphan} is ${shown(labels[orphan])}, but there are ${classNames.length} classes (0 to ${classNames.length - 1}).`,
      );
    }
    this.#pixels = bytesOf(images);
    this.#positions = positions;
    // Defined on the object itself, so that `{ ...set }` copies it, too.
    Object.defineProperty(this, 'images', { enumerable: true, get: () => this.#wholeImages() });
    this.labels =
      labels instanceof Uint8Array || labels instanceof Uint16Array ? labels : Uint16Array.from(labels);
    this.count = labels.length;
    this.height = height;
    this.width = width;
    this.channels = channels;
    this.classNames = classNames;
  }

  /** The input shape of a model for these images: [H,W,C]. */
  get imageShape(): readonly [height: number, width: number, channels: number] {
    return [this.height, this.width, this.channels];
  }

  get classCount(): number {
    return this.classNames.length;
  }

  /** The number of images of each class, by label. */
  classCounts(): number[] {
    const counts = Array.from({ length: this.classNames.length }, () => 0);
    for (const label of this.labels) counts[label]!++;
    return counts;
  }

  /**
   * Mean and standard deviation of all values of all images, scaled to 0 … 1.
   *
   *   mean = Σ v·h[v] / (255·n)     deviation = √(Σ v²·h[v] / (255²·n) − mean²)     h the histogram of the n bytes
   */
  meanAndDeviation(): { readonly mean: number; readonly deviation: number } {
    const histogram = new Float64Array(256);
    for (let i = 0; i < this.count; i++) for (const value of this.image(i)) histogram[value]!++;
    let sum = 0;
    let squares = 0;
    // Integers below 2^53, hence exact for any number of images.
    histogram.forEach((count, value) => {
      sum += value * count;
      squares += value * value * count;
    });
    const values = this.count * this.#imageSize;
    const mean = sum / values;
    const variance = squares / values - mean ** 2;
    return { mean: mean / 255, deviation: Math.sqrt(Math.max(0, variance)) / 255 };
  }

  /** The pixels of one image, H·W·C bytes; a view, not a copy. */
  image(index: number): Uint8Array {
    this.checkIndex(index);
    const begin = (this.#positions?.[index] ?? index) * this.#imageSize;
    return this.#pixels.subarray(begin, begin + this.#imageSize);
  }

  /** Copies images into `target`, [n,H,W,C], starting at position `first`, until either ends. */
  copyImages(target: Uint8Array, first: number): void {
    const size = this.#imageSize;
    const count = Math.min(this.count - first, Math.floor(target.length / size));
    if (this.#positions === undefined) {
      target.set(this.#pixels.subarray(first * size, (first + count) * size));
      return;
    }
    for (let i = 0; i < count; i++) target.set(this.image(first + i), i * size);
  }

  get #imageSize(): number {
    return this.height * this.width * this.channels;
  }

  #wholeImages(): Uint8Array {
    if (this.#positions !== undefined) {
      const images = new Uint8Array(this.count * this.#imageSize);
      this.copyImages(images, 0);
      this.#pixels = images;
      this.#positions = undefined;
    }
    return this.#pixels;
  }

  /**
   * The images at these positions, in this order; positions may repeat. The new set shares the pixels of this one.
   *
   * Throws: UsageError for a position without an image.
   */
  select(indices: ArrayLike<number>): ImageSet {
    checkArgument('select', 'indices', indices, integerList);
    const positions = new Uint32Array(indices.length);
    const labels =
      this.labels instanceof Uint8Array ? new Uint8Array(indices.length) : new Uint16Array(indices.length);
    for (let i = 0; i < indices.length; i++) {
      const index = indices[i]!;
      this.checkIndex(index);
      positions[i] = this.#positions?.[index] ?? index;
      labels[i] = this.labels[index]!;
    }
    const { height, width, channels, classNames } = this;
    return new ImageSet({ images: this.#pixels, labels, height, width, channels, classNames }, positions);
  }

  /**
   * Splits the set in two with the same proportion of each class; both parts keep the order of the set.
   *
   * The first part gets round(fraction · N) images. Both must get at least one.
   * Throws: UsageError when fraction is not between 0 and 1, or a part would be empty.
   */
  split(fraction: number, options: SeedOption): [ImageSet, ImageSet] {
    checkArgument('split', 'fraction', fraction, between);
    checkCall('split', options, seedRules);
    const { seed } = options;
    const size = Math.round(fraction * this.count);
    if (size === 0 || size === this.count) {
      throw new UsageError(
        `split: ${fraction} of ${this.count} images leaves a part empty (${size} and ${this.count - size}), expected an image or more in each.`,
      );
    }
    const chosen = this.stratified(size, seed, streams.split);
    return [this.select(positions(chosen, 1)), this.select(positions(chosen, 0))];
  }

  /**
   * Splits the set for k-fold cross-validation: the second part is fold number `fold` (from 1), the first part all others;
   * both keep the order of the set. Every class is spread evenly over the folds. Over all `folds` calls with one seed each
   * image is in the second part exactly once.
   *
   * Throws: UsageError when folds is not an integer from 2 to the number of images, or fold not from 1 to folds.
   */
  fold(fold: number, folds: number, options: SeedOption): [ImageSet, ImageSet] {
    checkCall('fold', options, seedRules);
    const { seed } = options;
    const foldOf = this.foldOfEach(folds, seed);
    if (!Number.isInteger(fold) || fold < 1 || fold > folds) {
      throw new UsageError(`fold: there is no fold ${shown(fold)}; expected 1 to ${folds}.`);
    }
    return [
      this.select(positionsWhere(foldOf, (of) => of !== fold - 1)),
      this.select(positionsWhere(foldOf, (of) => of === fold - 1)),
    ];
  }

  /**
   * At most `limit` images, each class in proportion, in the order of the set; the set itself if it is not larger.
   *
   * Throws: UsageError when limit is not an integer of at least 1.
   */
  take(limit: number, options: SeedOption): ImageSet {
    checkArgument('take', 'limit', limit, () => count);
    checkCall('take', options, seedRules);
    const { seed } = options;
    if (limit >= this.count) return this;
    return this.select(positions(this.stratified(limit, seed, streams.take), 1));
  }

  /**
   * The fold of each image, from 0 to folds − 1: every class is spread evenly, so folds differ by at most one image of a
   * class, and by at most one image in total.
   *
   * Throws: UsageError when folds is not an integer from 2 to the number of images.
   */
  private foldOfEach(folds: number, seed: number): Uint32Array {
    if (!Number.isInteger(folds) || folds < 2 || folds > this.count) {
      throw new UsageError(
        `fold: folds is ${shown(folds)}, expected an integer from 2 to ${this.count} (the images).`,
      );
    }
    const foldOf = new Uint32Array(this.count);
    let next = 0;
    for (const [label, of] of this.members().entries()) {
      // Dealt out like cards: each class continues where the previous one ended.
      for (const place of permutation(of.length, seed, layerStream(streams.fold, label))) {
        foldOf[of[place]!] = next++ % folds;
      }
    }
    return foldOf;
  }

  /** Marks `size` images with 1, chosen by the seed, each class in proportion. */
  private stratified(size: number, seed: number, stream: number): Uint8Array {
    const members = this.members();
    const chosen = new Uint8Array(this.count);
    const shares = apportion(
      members.map((of) => of.length),
      size,
    );
    for (const [label, of] of members.entries()) {
      const order = permutation(of.length, seed, layerStream(stream, label));
      for (const place of order.subarray(0, shares[label])) chosen[of[place]!] = 1;
    }
    return chosen;
  }

  /** The positions of the images of each class, ascending. */
  private members(): number[][] {
    const members: number[][] = this.classNames.map(() => []);
    this.labels.forEach((label: number, index: number) => members[label]!.push(index));
    return members;
  }

  private checkIndex(index: number): void {
    if (!Number.isInteger(index) || index < 0 || index >= this.count) {
      throw new UsageError(
        `ImageSet: there is no image ${shown(index)}; the set holds 0 to ${this.count - 1}.`,
      );
    }
  }
}

/**
 * Divides `size` among groups in proportion to their counts: the integer parts first, then one each to the largest
 * remainders, the lower group first on ties. The shares add up to `size`, and none exceeds its count.
 *
 * Domain: 0 ≤ size ≤ sum of counts.
 * Source: the method of largest remainders (Hamilton).
 */
export function apportion(counts: readonly number[], size: number): number[] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return counts.map(() => 0);
  const shares = counts.map((count) => Math.floor((count * size) / total));
  // Integer remainders, so that equal ones compare equal.
  const remainders = counts.map((count) => (count * size) % total);
  const byRemainder = counts
    .map((_, group) => group)
    .sort((a, b) => remainders[b]! - remainders[a]! || a - b);
  const left = size - shares.reduce((sum, share) => sum + share, 0);
  for (const group of byRemainder.slice(0, left)) shares[group]!++;
  return shares;
}

/** The positions whose mark is `mark`, ascending. */
function positions(marks: Uint8Array, mark: 0 | 1): Uint32Array {
  return positionsWhere(marks, (value) => value === mark);
}

function positionsWhere(marks: Uint8Array | Uint32Array, isWanted: (mark: number) => boolean): Uint32Array {
  const found = new Uint32Array(marks.length);
  let next = 0;
  for (let i = 0; i < marks.length; i++) if (isWanted(marks[i]!)) found[next++] = i;
  return found.subarray(0, next);
}

/** Throws: DataError unless there is a position below `images` for each of `count` labels. */
function checkPositions(positions: ArrayLike<number>, count: number, images: number): void {
  if (positions.length !== count)
    throw new DataError(`ImageSet: there are ${count} labels, but ${positions.length} positions of images.`);
  const wrongOne = firstOrphan(positions, images);
  if (wrongOne >= 0) {
    throw new DataError(
      `ImageSet: position ${wrongOne} is ${shown(positions[wrongOne])}, but the pixels hold ${images} images (0 to ${images - 1}).`,
    );
  }
}

export const between = (): Rule =>
  rule('a number between 0 and 1', (value) => typeof value === 'number' && value > 0 && value < 1);

function bytesOf(images: ImageSetParts['images']): Uint8Array {
  if (images instanceof Uint8Array) return images;
  return images instanceof Uint8ClampedArray
    ? new Uint8Array(images.buffer, images.byteOffset, images.length)
    : Uint8Array.from(images);
}
