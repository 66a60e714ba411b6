/** Images of a set as messages carry them. */
import type { ImageSet } from '../../src/data/dataset.js';
import type { Images } from '../protocol.js';

/** The images at these places, in this order. Labels beyond a byte, of more than 256 classes, are left out. */
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
