/** An image set on the device: bytes as they are, labels, and the order in which an epoch takes them. */
import type { Device } from '../engine/device.js';
import type { Spec } from '../engine/pass.js';
import { Tensor } from '../engine/tensor.js';
import { UsageError } from '../errors.js';

/** What training needs of a set of labelled images; `ImageSet` of src/data is one. */
export interface LabelledImages {
  /** [count,height,width,channels], a byte per value. */
  readonly images: Uint8Array;
  readonly labels: ArrayLike<number>;
  readonly count: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** How many images there are, and of what shape. */
export type SetShape = Pick<LabelledImages, 'count' | 'height' | 'width' | 'channels'>;

/** What a set is made of on the device. */
export interface SetTensors {
  readonly images: Tensor;
  readonly labels: Tensor;
  /** The order in which an epoch takes the images; entries are taken modulo their count. */
  readonly permutation: Tensor;
}

export function setSpecs(
  { count, height, width, channels }: SetShape,
  variantsPerImage = 1,
): Readonly<Record<keyof SetTensors, Spec>> {
  return {
    images: { shape: [count, height, width, channels], dtype: 'u8' },
    labels: { shape: [count], dtype: 'u32' },
    permutation: { shape: [count * variantsPerImage], dtype: 'u32' },
  };
}

export class DeviceSet implements SetTensors {
  readonly images: Tensor;
  readonly labels: Tensor;
  readonly permutation: Tensor;
  readonly count: number;
  /** Samples in an epoch: each image as often as there are variants of it. */
  readonly epochSize: number;

  constructor(
    device: Device,
    set: LabelledImages,
    { variantsPerImage = 1 }: { readonly variantsPerImage?: number } = {},
  ) {
    const { images, labels, permutation } = setSpecs(set, variantsPerImage);
    this.count = set.count;
    this.epochSize = set.count * variantsPerImage;
    this.images = Tensor.from(new Uint8Array(set.images), images.shape, device);
    this.labels = Tensor.from(Uint32Array.from(set.labels), labels.shape, device);
    this.permutation = Tensor.from(
      Uint32Array.from({ length: this.epochSize }, (_, i) => i),
      permutation.shape,
      device,
    );
  }

  dispose(): void {
    this.images.dispose();
    this.labels.dispose();
    this.permutation.dispose();
  }
}

/** Throws: UsageError when the images are not of the shape that the model takes. */
export function checkImages(
  who: string,
  set: LabelledImages,
  inputShape: readonly number[],
  classes: number | undefined,
): void {
  const shape = [set.height, set.width, set.channels];
  if (shape.join() !== inputShape.join()) {
    throw new UsageError(
      `${who}: the images are [${shape.join(',')}] but the model takes [${inputShape.join(',')}].`,
    );
  }
  if (set.count < 1) throw new UsageError(`${who}: the set is empty.`);
  if (classes === undefined) return;
  for (let i = 0; i < set.count; i++) {
    if ((set.labels[i] as number) >= classes) {
      throw new UsageError(
        `${who}: label ${set.labels[i]} of image ${i} does not fit a model of ${classes} classes (0 to ${classes - 1}).`,
      );
    }
  }
}
