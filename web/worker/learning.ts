/**
 * Learning one image without forgetting the others: the model's last layer is changed as little as can be, so that it
 * takes the image, and the image turned and moved a little, for what it is, while its outputs for images that the model
 * has trained on stay (learning_head.ts). Everything before that layer stays as it is, bit for bit, as do the slots of
 * a training under way.
 *
 * Of the page's own digits, 99.42 % right on 10,000 test images, a lesson with a right label cost 0.02 points on average
 * of 40, at most 0.45; with an absurd one 0.35 on average of 10, at most 0.80.
 */
import type { Tensor } from '../../src/engine/tensor.js';
import { ModelError } from '../../src/errors.js';
import { maxOf } from '../../src/extent.js';
import type { AugmentOptions } from '../../src/kernels/index.js';
import type { LabelledImages } from '../../src/nn/device_set.js';
import type { Sequential } from '../../src/nn/sequential.js';
import { boundedDraw, streams } from '../../src/random.js';
import { type Array64, array64 } from '../../src/reference/reference.js';
import { featuresOf } from './learning_features.js';
import { taughtHead } from './learning_head.js';

export interface Lesson {
  /** [height,width,channels], a byte per value. */
  readonly input: Uint8Array;
  readonly label: number;
  /** Images of the training, never of the test part; without them the image is learned by itself, without its copies. */
  readonly rehearsal: LabelledImages | undefined;
  /** Keys the augmentation and the choice of rehearsals. */
  readonly seed: number;
}

export interface Learned {
  /** Whether the weights were changed so that the image is taken for its label; otherwise they are as they were. */
  readonly isLearned: boolean;
  /** Images of the training that were looked at. */
  readonly rehearsed: number;
  /** Those of them that were taken for what they are, and would not be any more. */
  readonly forgotten: number;
}

/**
 * Together with the image they are 16 batches, a second or two on a slow device. A right label costs digits next to
 * nothing with 64 already; an absurd one 0.2 points, and half of it with twice as many.
 */
const rehearsals = 255;
/** With them the digit, moved and turned a little, is known nine times in ten; without them seven times. */
const copies = 16;
/** Share of the rehearsals: no lesson is worth more, and a layer of five inputs would forget up to a quarter. */
const mostForgotten = 0.02;
const augmentation: AugmentOptions = {
  rotation: 10,
  widthShift: 0.07,
  heightShift: 0.07,
  zoom: 0.1,
  fill: 'constant',
};

/**
 * Changes the model's last layer, unless that would cost too many others or cannot be done. No step of the model may be
 * under way.
 *
 * Throws: ModelError when the model does not end in a dense layer and a softmax; DeviceError.
 */
export async function learn(model: Sequential, lesson: Lesson): Promise<Learned> {
  const head = headOf(model);
  const known = imagesOf(model, lesson);
  const rehearsed = known.count - 1;
  const { features, taught } = await rowsOf(model, head, known, lesson);
  const weights = array64(head.shape, await valuesOf(head));
  const outcome = taughtHead({ features, weights, label: lesson.label, taught });
  if (!outcome) return { isLearned: false, rehearsed, forgotten: 0 };

  const { before, after } = outcome.logits;
  const isRight = (logits: Array64, i: number): boolean =>
    winnerOf(logits, taught + i) === known.labels[1 + i];
  let forgotten = 0;
  for (let i = 0; i < rehearsed; i++) if (isRight(before, i) && !isRight(after, i)) forgotten++;
  if (forgotten > mostForgotten * rehearsed) return { isLearned: false, rehearsed, forgotten };

  const values = Float32Array.from(outcome.weights.values);
  head.kernel.write(values.slice(0, head.kernel.size));
  head.bias?.write(values.slice(head.kernel.size));
  return { isLearned: true, rehearsed, forgotten };
}

/** The dense layer at the end of a model. */
interface Head {
  /** Its place in the model. */
  readonly layer: number;
  readonly kernel: Tensor;
  readonly bias: Tensor | undefined;
  /** [inputs,classes], the bias as its last row. */
  readonly shape: readonly [number, number];
}

function headOf({ name: model, layers, parameters }: Sequential): Head {
  const last = layers.at(-1)!.layer;
  const layer = layers.findLastIndex(({ layer: { className } }) => className === 'Dense');
  // A softmax may stand behind the dense layer as a layer of its own, right behind its sums.
  const isRightBefore = layer === layers.length - 2 && layers[layer]?.layer.config['activation'] === 'linear';
  const isHead = layer === layers.length - 1 || isRightBefore;
  if (layer < 1 || !isHead || !last.endsInSoftmax)
    throw new ModelError(
      `learn: '${model}' ends in ${last.className}, expected a dense layer with a softmax, which is what a lesson changes.`,
    );
  const { name } = layers[layer]!;
  const kernel = parameters.get(`${name}/kernel`);
  const bias = parameters.tensors.get(`${name}/bias`);
  const [inputs, classes] = kernel.shape as [number, number];
  return { layer, kernel, bias, shape: [bias ? inputs + 1 : inputs, classes] };
}

async function valuesOf({ kernel, bias }: Head): Promise<number[]> {
  const parts = await Promise.all([kernel.data(), bias?.data()]);
  return parts.flatMap((part) => (part ? [...part] : []));
}

/** The image itself, then the rehearsals, drawn by the seed; all images of a training, where there are no more. */
function imagesOf(model: Sequential, { input, label, rehearsal, seed }: Lesson): LabelledImages {
  const [height, width, channels] = model.inputShape as [number, number, number];
  const only = { images: input, labels: [label], count: 1, height, width, channels };
  if (!rehearsal) return only;
  const areAll = rehearsal.count <= rehearsals;
  const count = 1 + (areAll ? rehearsal.count : rehearsals);
  const images = new Uint8Array(count * input.length);
  const labels = new Uint16Array(count);
  images.set(input);
  labels[0] = label;
  for (let row = 1; row < count; row++) {
    const chosen = areAll ? row - 1 : boundedDraw(rehearsal.count, seed, streams.take, 0, row);
    images.set(
      rehearsal.images.subarray(chosen * input.length, (chosen + 1) * input.length),
      row * input.length,
    );
    labels[row] = rehearsal.labels[chosen] as number;
  }
  return { images, labels, count, height, width, channels };
}

/** What the head is given: for the image itself, for its copies where there are rehearsals, and for these. */
async function rowsOf(
  model: Sequential,
  { layer, bias }: Head,
  known: LabelledImages,
  { input, label, rehearsal, seed }: Lesson,
): Promise<{ readonly features: Array64; readonly taught: number }> {
  const own = await featuresOf(model, known, { layer, seed });
  const itself = { ...known, images: input, labels: [label], count: 1 };
  const changed = rehearsal
    ? await featuresOf(model, itself, { layer, seed, variantsPerImage: copies, augmentation })
    : [];
  const [image, ...others] = own as [Float32Array, ...Float32Array[]];
  const rows = [image, ...changed, ...others].map((row) => (bias ? [...row, 1] : [...row]));
  return { features: array64([rows.length, rows[0]!.length], rows.flat()), taught: 1 + changed.length };
}

/** The class with the largest logit in a row. */
function winnerOf({ shape, values }: Array64, row: number): number {
  const classes = shape[1] as number;
  const logits = values.subarray(row * classes, (row + 1) * classes);
  return logits.indexOf(maxOf(logits));
}
