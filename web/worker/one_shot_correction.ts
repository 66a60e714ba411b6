/**
 * One-shot correction: learns one image without forgetting others. It changes the model's last layer as little as
 * possible, so that the model predicts the wanted label for the image and for slightly rotated and shifted copies of it,
 * while its outputs for training images stay (one_shot_layer.ts). The other layers and the optimizer slots of a running
 * training keep their bits.
 *
 * Measured with the page's digits model, whose accuracy on 10,000 test images is 99.42 %. Corrections with the right label
 * cost 0.02 percentage points on average (40 corrections, at most 0.45), with a wrong label 0.35 (10 corrections, at most
 * 0.80).
 */
import type { Tensor } from '../../src/engine/tensor.js';
import { ModelError } from '../../src/errors.js';
import { maxOf } from '../../src/extent.js';
import type { AugmentOptions } from '../../src/augment_options.js';
import { type LabelledImages, copyImages } from '../../src/nn/samples/samples.js';
import type { Model } from '../../src/nn/model.js';
import { boundedDraw, streams } from '../../src/random.js';
import { type Array64, array64 } from '../../src/reference/array64.js';
import { featuresOf } from './one_shot_features.js';
import { correctedLayer } from './one_shot_layer.js';

export interface Correction {
  /** [height,width,channels], a byte per value. */
  readonly input: Uint8Array;
  readonly label: number;
  /** Training images, never test images; without them the model learns the image alone, without its copies. */
  readonly rehearsal: LabelledImages | undefined;
  /** Seed of the augmentation and of the choice of rehearsal images. */
  readonly seed: number;
}

export interface CorrectionResult {
  /** Whether the weights were changed, so that the model predicts the label; otherwise they are unchanged. */
  readonly isCorrected: boolean;
  /** Training images that were checked. */
  readonly rehearsed: number;
  /** How many of them were right before, and would be wrong after the change. */
  readonly forgotten: number;
}

/**
 * Number of rehearsal images. With the image itself they fill 16 batches, which take a second or two on a slow device. With
 * 64, a right label costs the digits model almost no accuracy; a wrong one costs 0.2 points, and half of that with 128.
 */
const rehearsals = 255;
/** With the copies, the model recognises the shifted and rotated digit nine times in ten; without them seven times. */
const copies = 16;
/** As a share of the rehearsal images. Without this limit, a layer with five inputs would forget up to a quarter. */
const mostForgotten = 0.02;
const augmentation: AugmentOptions = {
  rotation: 10,
  widthShift: 0.07,
  heightShift: 0.07,
  zoom: 0.1,
  fill: 'constant',
};

/**
 * Changes the model's last layer, unless that is impossible or would forget too many images. Call it while no training
 * step is in flight.
 *
 * Throws: ModelError when the model does not end in a dense layer and a softmax; DeviceError.
 */
export async function correct(model: Model, correction: Correction): Promise<CorrectionResult> {
  const head = headOf(model);
  const known = imagesOf(model, correction);
  const rehearsed = known.count - 1;
  const { features, targets } = await rowsOf(model, head, known, correction);
  const weights = array64(head.shape, await valuesOf(head));
  const outcome = correctedLayer({ features, weights, label: correction.label, targets });
  if (!outcome) return { isCorrected: false, rehearsed, forgotten: 0 };

  const { before, after } = outcome.logits;
  const isRight = (logits: Array64, i: number): boolean =>
    winnerOf(logits, targets + i) === known.labels[1 + i];
  let forgotten = 0;
  for (let i = 0; i < rehearsed; i++) if (isRight(before, i) && !isRight(after, i)) forgotten++;
  if (forgotten > mostForgotten * rehearsed) return { isCorrected: false, rehearsed, forgotten };

  const values = Float32Array.from(outcome.weights.values);
  head.kernel.write(values.slice(0, head.kernel.size));
  head.bias?.write(values.slice(head.kernel.size));
  return { isCorrected: true, rehearsed, forgotten };
}

/** The dense layer at the end of a model. */
interface Head {
  /** The layer whose output is its input. */
  readonly features: string;
  readonly kernel: Tensor;
  readonly bias: Tensor | undefined;
  /** [inputs,classes], the bias as its last row. */
  readonly shape: readonly [number, number];
}

function headOf({ name: model, network, parameters }: Model): Head {
  const nodeOf = (name: string | undefined) => network.nodes.find((node) => node.name === name);
  const last = nodeOf(network.outputs[0])!;
  // The softmax may be a separate layer, directly after a dense layer without activation.
  const before = last.layer.className === 'Activation' ? nodeOf(last.inputs[0]) : undefined;
  const head = before?.layer.config['activation'] === 'linear' ? before : last;
  const features = nodeOf(head.inputs[0])?.name;
  const isHead = head.layer.className === 'Dense' && last.layer.config['activation'] === 'softmax';
  if (features === undefined || !isHead)
    throw new ModelError(
      `correct: '${model}' ends in ${last.layer.className}, expected a dense layer with a softmax: a correction changes that layer.`,
    );
  const { name } = head;
  const kernel = parameters.get(`${name}/kernel`);
  const bias = parameters.tensors.get(`${name}/bias`);
  const [inputs, classes] = kernel.shape as [number, number];
  return { features, kernel, bias, shape: [bias ? inputs + 1 : inputs, classes] };
}

async function valuesOf({ kernel, bias }: Head): Promise<number[]> {
  const parts = await Promise.all([kernel.data(), bias?.data()]);
  return parts.flatMap((part) => (part ? [...part] : []));
}

/** The image itself, then the rehearsal images, drawn with the seed; all training images if there are fewer. */
function imagesOf(model: Model, { input, label, rehearsal, seed }: Correction): LabelledImages {
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
    const place = images.subarray(row * input.length, (row + 1) * input.length);
    copyImages(rehearsal, place, chosen, input.length);
    labels[row] = rehearsal.labels[chosen] as number;
  }
  return { images, labels, count, height, width, channels };
}

/** The head's inputs: for the image; if there are rehearsal images, for its copies; and for the rehearsal images. */
async function rowsOf(
  model: Model,
  { features, bias }: Head,
  known: LabelledImages,
  { input, label, rehearsal, seed }: Correction,
): Promise<{ readonly features: Array64; readonly targets: number }> {
  const own = await featuresOf(model, known, { layer: features, seed });
  const itself = { ...known, images: input, labels: [label], count: 1 };
  const changed = rehearsal
    ? await featuresOf(model, itself, { layer: features, seed, variantsPerImage: copies, augmentation })
    : [];
  const [image, ...others] = own as [Float32Array, ...Float32Array[]];
  const rows = [image, ...changed, ...others].map((row) => (bias ? [...row, 1] : [...row]));
  return { features: array64([rows.length, rows[0]!.length], rows.flat()), targets: 1 + changed.length };
}

/** The class with the largest logit in a row. */
function winnerOf({ shape, values }: Array64, row: number): number {
  const classes = shape[1] as number;
  const logits = values.subarray(row * classes, (row + 1) * classes);
  return logits.indexOf(maxOf(logits));
}
