/** Converts images of a set to tensors, and both to the pictures of a report. */
import type { ImageSet } from '../data/dataset.js';
import { Tensor } from '../engine/tensor.js';
import { DataError } from '../errors.js';
import type { Picture } from '../report/evaluation_file.js';

/** Pixels scaled to [0, 1]. Shape: [N,H,W,C]. Memory: the caller disposes of it. */
export function tensorOf({ images, count, height, width, channels }: ImageSet): Tensor {
  return Tensor.from(
    Float32Array.from(images, (byte) => byte / 255),
    [count, height, width, channels],
  );
}

/** One image of a set. Throws: DataError if it is neither greyscale nor RGB. */
export function pictureOf(images: ImageSet, index: number): Picture {
  return { data: images.image(index), ...shapeOf(images) };
}

/**
 * Reads back processed images of a set and clips their values to [0, 1]. Shapes: y [N,H,W,C].
 *
 * Memory: disposes of y. Throws: DataError if the images are neither greyscale nor RGB.
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
    `report: images of ${channels} channels cannot be shown, expected 1 (greyscale) or 3 (RGB).`,
  );
}
