/** From the images on the device to the model's inputs: gather, scale, filter, augment; recorded in every program. */
import type { Tensor } from '../engine/tensor.js';
import { scale } from '../kernels/arithmetic.js';
import { augmentBatch } from '../kernels/augment.js';
import type { AugmentOptions } from '../augment_options.js';
import { batchGather } from '../kernels/batch_gather.js';
import { batchGatherChunks } from '../kernels/batch_gather_chunks.js';
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
  const first = gatherScaling(preprocessing);
  const [whole] = images;
  const gathered =
    whole && images.length === 1
      ? batchGather({ images: whole, labels, permutation, state }, { batch, ...first })
      : batchGatherChunks({ images, labels, permutation, state }, { batch, ...first });
  const filtered = filterAndScale(gathered.x, preprocessing);
  if (!augmentation) return { x: filtered, y: gathered.y };
  const { scale: factor, offset } = preprocessing;
  const x = augmentBatch({ x: filtered, permutation, state }, augmentation, [offset, 255 * factor + offset]);
  return { x, y: gathered.y };
}

/** How bytes are scaled before `filterAndScale`: to 0 … 1 for filters, otherwise to the model's inputs. */
export function gatherScaling({
  scale: factor,
  offset,
  filters,
}: Preprocessing): Readonly<Record<'scale' | 'offset', number>> {
  // Filters see black as 0, which is also what they find outside the image, so standardising comes after them.
  return filters.length > 0 ? { scale: 1 / 255, offset: 0 } : { scale: factor, offset };
}

/** The model's inputs from images that were scaled by `gatherScaling`. Shapes: x [N,H,W,C] → the same. */
export function filterAndScale(x: Tensor, { scale: factor, offset, filters }: Preprocessing): Tensor {
  const filtered = filters.reduce(
    (each, { kernel, iterations }) => image.filter2d(each, kernel, { iterations }),
    x,
  );
  const isUnit = 255 * factor === 1 && offset === 0;
  return filters.length > 0 && !isUnit ? scale(filtered, 255 * factor, offset) : filtered;
}
