/** An image set on the device: u8 images, labels, and the order of an epoch. */
import type { Device } from '../engine/device.js';
import { type Spec, sizeOf } from '../engine/primitive.js';
import { Resource } from '../engine/resource.js';
import { Tensor } from '../engine/tensor.js';
import { outsideTidy } from '../engine/tidy.js';
import { DeviceError, ShapeError, UsageError } from '../errors.js';
import { firstOrphan, pixelsRule } from '../image_values.js';
import { checkArgument } from '../calls.js';
import { type RequiredRule, check, countOrZero, required, shown, wrong } from '../options.js';

/** A set of images for prediction, such as an `ImageSet` of src/data. */
export interface Images {
  /** [count,height,width,channels], one byte per value. */
  readonly images: Uint8Array;
  /**
   * Copies images into `target`, from image `first` to the last one or the end of `target`. If a set has it, its `images` are not
   * read: a set that shares the pixels of another copies them only when they go to the device.
   */
  copyImages?(target: Uint8Array, first: number): void;
  readonly count: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** A set of labelled images for training. */
export interface LabelledImages extends Images {
  readonly labels: ArrayLike<number>;
}

/** The number of images and their shape. */
export type SetShape = Pick<Images, 'count' | 'height' | 'width' | 'channels'>;

/** The parts of a set on the device: tensors, or something else for each of them. */
export interface SetParts<T> {
  /** One; or several, in the order of the set, if all images exceed the device's limit per binding. */
  readonly images: readonly T[];
  readonly labels: T;
  /** The order of the images in an epoch; entries count modulo the number of images. */
  readonly permutation: T;
}

export type SetTensors = SetParts<Tensor>;

export interface SetLayout {
  /** Entries of the permutation per image. Default 1. */
  readonly variantsPerImage?: number | undefined;
  /** Rounds the number of images up to a multiple, so that sets of similar size use the same kernel. Default 1. */
  readonly multipleOf?: number | undefined;
}

/** Throws: DeviceError if one image does not fit into a buffer of the device. */
export function setSpecs(
  { maxBufferBytes }: Pick<Device, 'maxBufferBytes'>,
  { count, height, width, channels }: SetShape,
  { variantsPerImage = 1, multipleOf = 1 }: SetLayout = {},
): SetParts<Spec> {
  const places = Math.ceil(count / multipleOf) * multipleOf;
  const image = [height, width, channels];
  // Storage is allocated in multiples of 16 bytes; some limits are not one.
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
  /** Samples in an epoch: each image once per variant. */
  readonly epochSize: number;
  readonly #byteLength: number;

  /** Labels are 0 if the set has none. Throws: DeviceError if a tensor exceeds the device's limits. */
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
      // Always a copy: the bytes may be in shared memory, which WebGPU does not read. Zeros after the last image.
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

/** `Images.copyImages`, for sets without it too. `imageSize` is in bytes. */
export function copyImages(
  set: Pick<Images, 'images' | 'copyImages'>,
  target: Uint8Array,
  first: number,
  imageSize: number,
): void {
  if (set.copyImages) set.copyImages(target, first);
  else target.set(set.images.subarray(first * imageSize, first * imageSize + target.length));
}

/** Throws: UsageError if it is not a set of images, the model takes another shape, or labels are wrong. */
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
  // A model whose output has several axes has no number of classes: any non-negative integer is a label.
  const orphan = firstOrphan(labels, classes ?? Infinity);
  if (orphan < 0) return;
  throw new UsageError(
    classes === undefined
      ? `${who}: label ${orphan} is ${shown(labels[orphan])}, expected a non-negative integer.`
      : `${who}: label ${shown(labels[orphan])} of image ${orphan} does not fit a model of ${classes} classes (0 to ${classes - 1}).`,
  );
}

/** As `checkImages`, without the labels. */
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

/** Checks the members and not the class: callers may pass their own objects. */
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
