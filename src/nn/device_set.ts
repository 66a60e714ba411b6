/** An image set on the device: bytes as they are, labels, and the order in which an epoch takes them. */
import type { Device } from '../engine/device.js';
import { type Spec, sizeOf } from '../engine/primitive.js';
import { Resource } from '../engine/resource.js';
import { Tensor } from '../engine/tensor.js';
import { outsideTidy } from '../engine/tidy.js';
import { DeviceError, ShapeError, UsageError } from '../errors.js';
import { firstOrphan, pixelsRule } from '../image_values.js';
import { checkArgument } from '../calls.js';
import { type RequiredRule, check, countOrZero, required, shown, wrong } from '../options.js';

/** What prediction needs of a set of images; `ImageSet` of src/data is one. */
export interface Images {
  /** [count,height,width,channels], a byte per value. */
  readonly images: Uint8Array;
  /**
   * Copies images into `target` from position `first` on, as far as there are any. A set that has it is never asked for
   * `images`: one that shares the pixels of another copies its own only on their way to the device.
   */
  copyImages?(target: Uint8Array, first: number): void;
  readonly count: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** What training needs of a set of labelled images. */
export interface LabelledImages extends Images {
  readonly labels: ArrayLike<number>;
}

/** How many images there are, and of what shape. */
export type SetShape = Pick<Images, 'count' | 'height' | 'width' | 'channels'>;

/** What a set is made of on the device, or the same of another thing for each tensor. */
export interface SetParts<T> {
  /** One, or several in the order of the set, where a kernel could not bind all images as one. */
  readonly images: readonly T[];
  readonly labels: T;
  /** The order in which an epoch takes the images; entries are taken modulo their count. */
  readonly permutation: T;
}

export type SetTensors = SetParts<Tensor>;

export interface SetLayout {
  /** Entries of the permutation for each image. Default 1. */
  readonly variantsPerImage?: number | undefined;
  /** Leaves room for a multiple of so many images, so that sets of other sizes are gathered by the same kernel. Default 1. */
  readonly multipleOf?: number | undefined;
}

/** Throws: DeviceError when not even one image fits a buffer of the device. */
export function setSpecs(
  { maxBufferBytes }: Pick<Device, 'maxBufferBytes'>,
  { count, height, width, channels }: SetShape,
  { variantsPerImage = 1, multipleOf = 1 }: SetLayout = {},
): SetParts<Spec> {
  const places = Math.ceil(count / multipleOf) * multipleOf;
  const image = [height, width, channels];
  // Storage comes in multiples of 16 bytes, which some limits are not.
  const usable = Math.floor(maxBufferBytes / 16) * 16;
  const most = Math.floor(usable / sizeOf(image));
  if (most === 0) {
    throw new DeviceError(
      `device: one image of [${image.join(',')}] takes ${sizeOf(image)} bytes, more than this device's limit of ${usable} per buffer; use smaller images.`,
      { problem: 'limit' },
    );
  }
  return {
    images: Array.from({ length: Math.ceil(places / most) }, (_, chunk): Spec => {
      return { shape: [Math.min(most, places - chunk * most), ...image], dtype: 'u8' };
    }),
    labels: { shape: [places], dtype: 'u32' },
    permutation: { shape: [places * variantsPerImage], dtype: 'u32' },
  };
}

export class DeviceSet extends Resource implements SetTensors {
  readonly images: readonly Tensor[];
  readonly labels: Tensor;
  readonly permutation: Tensor;
  readonly count: number;
  /** Samples in an epoch: each image as often as there are variants of it. */
  readonly epochSize: number;
  readonly #byteLength: number;

  /** Labels are 0 when there are none. Throws: DeviceError when a tensor exceeds the device's limits. */
  constructor(
    readonly device: Device,
    set: Images & Partial<LabelledImages>,
    layout: SetLayout = {},
  ) {
    super();
    const { images, labels, permutation } = setSpecs(device, set, layout);
    const { count, height, width, channels } = set;
    this.count = count;
    this.epochSize = count * (layout.variantsPerImage ?? 1);
    this.#byteLength = count * height * width * channels;
    const allocate = (spec: Spec): Tensor => outsideTidy(() => Tensor.allocate(spec, device));
    this.images = images.map(allocate);
    this.#write(set);
    this.labels = allocate(labels);
    const ownLabels = new Uint32Array(this.labels.size);
    if (set.labels) ownLabels.set(set.labels);
    this.labels.write(ownLabels);
    this.permutation = allocate(permutation);
    this.permutation.write(Uint32Array.from({ length: this.permutation.size }, (_, i) => i));
  }

  /** Overwrites all images, [count,height,width,channels]. Throws: ShapeError for another number of bytes. */
  writeImages(bytes: Uint8Array): void {
    if (bytes.length !== this.#byteLength) {
      throw new ShapeError(
        `write: [${[this.count, ...(this.images[0] as Tensor).shape.slice(1)].join(',')}] u8 was given ${bytes.length} u8 values.`,
      );
    }
    this.#write({ images: bytes });
  }

  #write(set: Pick<Images, 'images' | 'copyImages'>): void {
    let first = 0;
    for (const chunk of this.images) {
      // A copy in any case, because WebGPU does not read shared memory, in which the bytes may be; 0 behind the last image.
      const own = new Uint8Array(chunk.size);
      copyImages(set, own, first, this.#byteLength / this.count);
      chunk.write(own);
      first += chunk.shape[0] as number;
    }
  }

  dispose(): void {
    for (const tensor of [...this.images, this.labels, this.permutation]) tensor.dispose();
  }
}

/** As the method of `Images`, for a set with or without it. `imageSize` is the bytes of an image. */
export function copyImages(
  set: Pick<Images, 'images' | 'copyImages'>,
  target: Uint8Array,
  first: number,
  imageSize: number,
): void {
  if (set.copyImages) set.copyImages(target, first);
  else target.set(set.images.subarray(first * imageSize, first * imageSize + target.length));
}

/** Throws: UsageError for what is not a set of images, images of another shape than the model takes, or wrong labels. */
export function checkImages(
  who: string,
  set: LabelledImages,
  inputShape: readonly number[],
  classes: number | undefined,
): void {
  checkUnlabelled(who, set, inputShape);
  const { labels, count } = set;
  if ((labels as LabelledImages['labels'] | undefined)?.length !== count)
    throw new UsageError(`${who}: labels are ${shown(labels)}, expected one for each of ${count} images.`);
  // A model whose output has several axes has no classes to compare with: there only the kind counts.
  const orphan = firstOrphan(labels, classes ?? Infinity);
  if (orphan < 0) return;
  throw new UsageError(
    classes === undefined
      ? `${who}: label ${orphan} is ${shown(labels[orphan])}, expected a non-negative integer.`
      : `${who}: label ${shown(labels[orphan])} of image ${orphan} does not fit a model of ${classes} classes (0 to ${classes - 1}).`,
  );
}

/** The same of images whose labels do not matter. */
export function checkUnlabelled(who: string, set: Images, inputShape: readonly number[]): void {
  checkArgument(who, 'the set', set, setRule);
  if (set.count === 0) throw new UsageError(`${who}: the set is empty.`);
  const shape = [set.height, set.width, set.channels];
  if (shape.join() !== inputShape.join()) {
    throw new UsageError(
      `${who}: the images are [${shape.join(',')}] but the model takes [${inputShape.join(',')}].`,
    );
  }
}

/** By what it holds, not its class: a caller may describe images that lie elsewhere. */
const setRule = (): RequiredRule =>
  required((value, who) => {
    const set = (value ?? {}) as Partial<Images & { readonly train: unknown }>;
    const hasImages = typeof set.copyImages === 'function' || set.images !== undefined;
    if (!hasImages) return `an ImageSet${set.train ? ', such as its .train or .test' : ''}`;
    const shape = (['count', 'height', 'width', 'channels'] as const).map((name) => {
      const extent = set[name];
      check(who, name, extent, countOrZero);
      return extent as number;
    });
    if (set.copyImages) return undefined;
    check(who, 'images', set.images, pixelsRule());
    const bytes = shape.reduce((product, extent) => product * extent, 1);
    if (set.images?.length !== bytes)
      throw wrong(who, 'images.length', set.images?.length, `${bytes} for images of [${shape.join(',')}]`);
    return undefined;
  });
