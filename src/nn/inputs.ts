/** Records how a model's inputs are computed from the images on the device: gather, scale, filter, augment. */
import type { Tensor } from '../engine/tensor.js';
import { scale } from '../kernels/arithmetic.js';
import { augmentBatch } from '../kernels/augment.js';
import type { AugmentOptions } from '../augment_options.js';
import { batchGather } from '../kernels/batch_gather.js';
import { batchGatherChunks } from '../kernels/batch_gather_chunks.js';
import * as image from '../kernels/image.js';
import { type SetTensors, partOf, unnamed } from './device_set.js';
import type { Preprocessing } from './preprocessing.js';
import { severalOutputs } from './several_outputs.js';
import type { Targets } from './task.js';

export interface InputOptions {
  /** Images per batch. */
  readonly batch: number;
  readonly preprocessing: Preprocessing;
  /** Only in training; applied after the filters, as if the files had been filtered first. */
  readonly augmentation?: AugmentOptions | undefined;
}

/** The samples of a batch. */
export interface Batch extends Targets {
  /** The model's input, or each of its inputs by name. Shapes: [batch,H,W,C]. */
  readonly x: Tensor | ReadonlyMap<string, Tensor>;
}

/** Gathers the batch at the state's cursor. The images of all inputs of a sample are augmented by the same draws. */
export function gatherBatch(set: SetTensors, state: Tensor, options: InputOptions): Batch {
  const { permutation } = set;
  const [[firstOutput, firstLabels], ...others] = [...set.labels] as [
    [string, Tensor],
    ...[string, Tensor][],
  ];
  const gathered = [...set.images].map(
    ([input, images]) =>
      [input, gatherImages({ images, labels: firstLabels, permutation, state }, options)] as const,
  );
  const xs = new Map(gathered.map(([input, { x }]) => [input, x]));
  const labels = new Map([
    [firstOutput, gathered[0]![1].y],
    ...others.map(([output, own]): [string, Tensor] => [
      output,
      severalOutputs().labelGather({ labels: own, permutation, state }, { batch: options.batch }),
    ]),
  ]);
  return {
    x: xs.get(unnamed) ?? xs,
    targetOf: (output) => partOf(labels, output),
    weightsOf: () => undefined,
  };
}

/**
 * The same of a set of one input, with the labels of its first output.
 *
 * Shapes: → x [batch,H,W,C], y [batch] labels (0xffffffff after the end of the epoch).
 */
export function gatherInputs(
  { images, labels, permutation }: SetTensors,
  state: Tensor,
  options: InputOptions,
): { readonly x: Tensor; readonly y: Tensor } {
  const [[chunks], [own]] = [[...images.values()], [...labels.values()]] as [[readonly Tensor[]], [Tensor]];
  return gatherImages({ images: chunks, labels: own, permutation, state }, options);
}

function gatherImages(
  operands: Readonly<Record<'labels' | 'permutation' | 'state', Tensor>> & {
    readonly images: readonly Tensor[];
  },
  { batch, preprocessing, augmentation }: InputOptions,
): { readonly x: Tensor; readonly y: Tensor } {
  const { images, permutation, state } = operands;
  const first = gatherScaling(preprocessing);
  const [whole] = images;
  const gathered =
    whole && images.length === 1
      ? batchGather({ ...operands, images: whole }, { batch, ...first })
      : batchGatherChunks(operands, { batch, ...first });
  const filtered = filterAndScale(gathered.x, preprocessing);
  if (!augmentation) return { x: filtered, y: gathered.y };
  const { scale: factor, offset } = preprocessing;
  const x = augmentBatch({ x: filtered, permutation, state }, augmentation, [offset, 255 * factor + offset]);
  return { x, y: gathered.y };
}

/** The scaling of bytes before `filterAndScale`: to 0 … 1 if there are filters, else to the model's inputs. */
export function gatherScaling({
  scale: factor,
  offset,
  filters,
}: Preprocessing): Readonly<Record<'scale' | 'offset', number>> {
  // Filters pad images with 0, which must be black; so standardising comes after them.
  return filters.length > 0 ? { scale: 1 / 255, offset: 0 } : { scale: factor, offset };
}

/** Computes the model's inputs from images scaled by `gatherScaling`. Shapes: x [N,H,W,C] → the same. */
export function filterAndScale(x: Tensor, { scale: factor, offset, filters }: Preprocessing): Tensor {
  const filtered = filters.reduce(
    (each, { kernel, iterations }) => image.filter2d(each, kernel, { iterations }),
    x,
  );
  const isUnit = 255 * factor === 1 && offset === 0;
  return filters.length > 0 && !isUnit ? scale(filtered, 255 * factor, offset) : filtered;
}
