/** From the images on the device to the model's inputs: gather, scale, filter, augment; recorded in every program. */
import type { Tensor } from '../engine/tensor.js';
import {
  type AugmentOptions,
  augmentBatch,
  batchGather,
  batchGatherChunks,
  scale,
} from '../kernels/index.js';
import * as image from '../kernels/image.js';
import type { SetTensors } from './device_set.js';
import type { Preprocessing } from './preprocessing.js';

export interface InputOptions {
  /** Images per batch. */
  readonly batch: number;
  readonly preprocessing: Preprocessing;
  /** In training only; after the filters, as in a pipeline that filters its files first. */
  readonly augmentation?: AugmentOptions | undefined;
}

/**
 * The batch at the state's cursor.
 *
 * Shapes: → x [batch,H,W,C], y [batch] labels (0xffffffff behind the end of the epoch).
 */
export function gatherInputs(
  set: SetTensors,
  state: Tensor,
  { batch, preprocessing, augmentation }: InputOptions,
): { readonly x: Tensor; readonly y: Tensor } {
  const { images, labels, permutation } = set;
  const { scale: factor, offset, filters } = preprocessing;
  // Filters see black as 0, which is also what they find outside the image, so standardising comes after them.
  const isLate = filters.length > 0;
  const first = isLate ? { scale: 1 / 255, offset: 0 } : { scale: factor, offset };
  const [whole] = images;
  const gathered =
    whole && images.length === 1
      ? batchGather({ images: whole, labels, permutation, state }, { batch, ...first })
      : batchGatherChunks({ images, labels, permutation, state }, { batch, ...first });
  const filtered = filters.reduce(
    (x, { kernel, iterations }) => image.filter2d(x, kernel, { iterations }),
    gathered.x,
  );
  const isUnit = 255 * factor === 1 && offset === 0;
  const scaled = isLate && !isUnit ? scale(filtered, 255 * factor, offset) : filtered;
  if (!augmentation) return { x: scaled, y: gathered.y };
  const x = augmentBatch({ x: scaled, permutation, state }, augmentation, [offset, 255 * factor + offset]);
  return { x, y: gathered.y };
}
