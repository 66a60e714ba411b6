/** Images of a set as tensors, and both as the pictures of a report. */
import type { ImageSet } from '../data/dataset.js';
import { Tensor } from '../engine/tensor.js';
import { DataError } from '../errors.js';
import type { Picture } from '../report/evaluation_file.js';

/** Values 0 … 1. Shapes: [N,H,W,C]. Memory: belongs to the caller. */
export function tensorOf({ images, count, height, width, channels }: ImageSet): Tensor {
  return Tensor.from(
    Float32Array.from(images, (byte) => byte / 255),
    [count, height, width, channels],
  );
}

/** One image of a set. Throws: DataError when it is neither grey nor RGB. */
export function pictureOf(images: ImageSet, index: number): Picture {
  return { data: images.image(index), ...shapeOf(images) };
}

/**
 * What became of the images of a set: values 0 … 1, those beyond cut off. Shapes: y [N,H,W,C].
 *
 * Memory: y is disposed of. Throws: DataError when the images are neither grey nor RGB.
 */
export async function takePictures(y: Tensor, images: ImageSet): Promise<Picture[]> {
  const values = (await y.data()) as Float32Array;
  y.dispose();
  const shape = shapeOf(images);
  const size = shape.height * shape.width * shape.channels;
  return Array.from({ length: images.count }, (_, i) => ({
    data: Uint8Array.from(values.subarray(i * size, (i + 1) * size), (value) =>
      Math.round(255 * Math.min(1, Math.max(0, value))),
    ),
    ...shape,
  }));
}

function shapeOf({ height, width, channels }: ImageSet): Omit<Picture, 'data'> {
  if (channels === 1 || channels === 3) return { height, width, channels };
  throw new DataError(
    `report: images of ${channels} channels cannot be shown, expected 1 (grey) or 3 (RGB).`,
  );
}
