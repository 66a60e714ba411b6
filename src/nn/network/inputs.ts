/**
 * Records how a model's inputs are computed from the set on the device: bytes are gathered, scaled, filtered and augmented, floats
 * and integers gathered, and floats augmented.
 */
import type { Tensor } from '../../engine/tensor.js';
import { scale } from '../../kernels/arithmetic.js';
import { batchGather } from '../../kernels/batch_gather.js';
import { batchGatherChunks } from '../../kernels/batch_gather_chunks.js';
import * as image from '../../kernels/image.js';
import { anyData } from '../samples/any_data.js';
import type { SetTensors } from '../samples/device_set.js';
import type { Preprocessing } from '../samples/preprocessing.js';
import { partOf, unnamed } from '../samples/samples.js';
import { severalOutputs } from '../training/several_outputs.js';
import type { Targets } from '../training/task.js';

/** Augments a batch whose black and white have these values; see augmented_inputs.ts. Only training has one. */
export type Augment = (
  operands: Readonly<Record<'x' | 'permutation' | 'state', Tensor>>,
  range: readonly [black: number, white: number],
) => Tensor;

export interface InputOptions {
  /** Images per batch. */
  readonly batch: number;
  readonly preprocessing: Preprocessing;
  /** Only in training; applied after the filters, as if the files had been filtered first. */
  readonly augment?: Augment | undefined;
}

/** The samples of a batch. */
export interface Batch extends Targets {
  /** The model's input, or each of its inputs by name. Shapes: [batch,…], such as [batch,H,W,C]. */
  readonly x: Tensor | ReadonlyMap<string, Tensor>;
}

/** Gathers the batch at the state's cursor. The images of all inputs of a sample are augmented by the same draws. */
export function gatherBatch(set: SetTensors, state: Tensor, options: InputOptions): Batch {
  const { columns, permutation } = set;
  const { batch } = options;
  const at = { permutation, state };
  const labels = firstLabels(set)!;
  const xs = new Map<string, Tensor>();
  const targets = new Map<string, Tensor>();
  const weights = new Map<string, Tensor>();
  let y: Tensor | undefined;
  for (const { kind, name, parts, dtype } of columns) {
    if (kind === 'label') {
      const [own] = parts as [Tensor];
      // Zeros that come with images are not the labels of an output.
      if (targets.size === 0 || name !== unnamed)
        targets.set(
          name,
          y && own === labels
            ? y
            : (anyData.provided ?? severalOutputs.get()).labelGather({ labels: own, ...at }, { batch }),
        );
    } else if (dtype === 'u8') {
      const gathered = gatherImages({ images: parts, labels, ...at }, options);
      xs.set(name, gathered.x);
      y ??= gathered.y;
    } else {
      const rows = anyData.get().rowGather({ rows: parts, ...at }, { batch });
      if (kind === 'input') xs.set(name, dtype === 'f32' ? augmented(rows, at, options) : rows);
      else (kind === 'value' ? targets : weights).set(name, rows);
    }
  }
  return {
    x: xs.get(unnamed) ?? xs,
    targetOf: (output) => partOf(targets, output),
    weightsOf: (output) => partOf<Tensor | undefined>(weights, output),
  };
}

/** The labels that are gathered with the images. */
const firstLabels = ({ columns }: SetTensors): Tensor | undefined =>
  columns.find(({ kind }) => kind === 'label')?.parts[0];

/**
 * The same of a set of one input, with the labels of its first output.
 *
 * Shapes: → x [batch,H,W,C], y [batch] labels (0xffffffff after the end of the epoch).
 */
export function gatherInputs(
  set: SetTensors,
  state: Tensor,
  options: InputOptions,
): { readonly x: Tensor; readonly y: Tensor } {
  const { permutation } = set;
  const [{ parts }] = set.columns as [SetTensors['columns'][number]];
  return gatherImages({ images: parts, labels: firstLabels(set)!, permutation, state }, options);
}

function gatherImages(
  operands: Readonly<Record<'labels' | 'permutation' | 'state', Tensor>> & {
    readonly images: readonly Tensor[];
  },
  options: InputOptions,
): { readonly x: Tensor; readonly y: Tensor } {
  const { images } = operands;
  const { batch, preprocessing } = options;
  const first = gatherScaling(preprocessing);
  const [whole] = images;
  const gathered =
    whole && images.length === 1
      ? batchGather({ ...operands, images: whole }, { batch, ...first })
      : batchGatherChunks(operands, { batch, ...first });
  const filtered = filterAndScale(gathered.x, preprocessing);
  return { x: augmented(filtered, operands, options), y: gathered.y };
}

/** Augments images whose black and white are those of preprocessed bytes. */
function augmented(
  x: Tensor,
  { permutation, state }: Readonly<Record<'permutation' | 'state', Tensor>>,
  { preprocessing: { scale: factor, offset }, augment }: InputOptions,
): Tensor {
  return augment ? augment({ x, permutation, state }, [offset, 255 * factor + offset]) : x;
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
