/**
 * batch_gather_chunks in float64: batch_gather over the concatenated images of all buffers. Two buffers stand for any
 * number.
 */
import { array64 } from './array64.js';
import { type GatherAttributes, gather64 } from './batch_gather.js';
import type { Reference } from './reference.js';

export const batchGatherChunksReference: Reference<
  'images_0' | 'images_1' | 'labels' | 'permutation' | 'state',
  'x' | 'y',
  GatherAttributes
> = {
  op: 'batch_gather_chunks',
  forward: ({ images_0: first, images_1: second, ...others }, attributes) => {
    const count = (first.shape[0] as number) + (second.shape[0] as number);
    const images = array64([count, ...first.shape.slice(1)], [...first.values, ...second.values], 'u8');
    return gather64({ images, ...others }, attributes);
  },
};
