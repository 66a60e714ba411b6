/** Converts images of a set to the format of messages. */
import type { ImageSet } from '../../src/data/dataset.js';
import type { Images } from '../protocol.js';

/** The images at these indices, in order. Omits labels that do not fit a byte: those of more than 256 classes. */
export function imagesOf(set: ImageSet, indices: readonly number[]): Images {
  const { images, labels, count, height, width, channels, classCount } = set.select(indices);
  return {
    pixels: new Uint8Array(images),
    labels: classCount > 256 ? null : new Uint8Array(labels),
    count,
    height,
    width,
    channels,
  };
}
