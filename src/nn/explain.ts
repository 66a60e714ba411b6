/** Explains predictions: the gradient of a class's score with respect to the inputs, and Grad-CAM. */
import { checkCall } from '../calls.js';
import { type Shape, sizeOf } from '../engine/primitive.js';
import { program } from '../engine/program.js';
import { Tensor } from '../engine/tensor.js';
import { outsideTidy } from '../engine/tidy.js';
import { UsageError } from '../errors.js';
import { argMax } from '../kernels/arg_max.js';
import { divide, multiply } from '../kernels/arithmetic.js';
import { maximum } from '../kernels/extremes.js';
import { grad } from '../kernels/grad.js';
import { max } from '../kernels/max.js';
import { mean } from '../kernels/mean.js';
import { oneHot } from '../kernels/one_hot.js';
import { relu } from '../kernels/relu.js';
import { resize } from '../kernels/resize.js';
import { stateSize, stateSpec, stateWords } from '../kernels/step_state.js';
import { sum } from '../kernels/sum.js';
import { type Rules, count, countOrZero, nonEmptyText, required } from '../options.js';
import { DeviceSet } from './samples/device_set.js';
import { gatherBatch } from './network/inputs.js';
import { logitsOf } from './losses/softmax_crossentropy.js';
import type { Model } from './model.js';
import { type Samples, inputSet } from './samples/samples.js';

export interface ExplainOptions {
  /** The class whose score is explained. Default: the likeliest class of each sample. */
  readonly classIndex?: number;
  /** Samples at once. Default 32. */
  readonly batchSize?: number;
}

export interface GradCamOptions extends ExplainOptions {
  /** The name of a layer whose values are maps [height,width,channels], usually the last convolution. */
  readonly layer: string;
}

export interface Explanation {
  /** Sample by sample. */
  readonly values: Float32Array<ArrayBuffer>;
  /** The explained class of each sample. */
  readonly classes: Uint32Array<ArrayBuffer>;
}

const rules = (): Rules<ExplainOptions> => ({ classIndex: countOrZero, batchSize: count });

/**
 * The gradient of a class's score with respect to the model's preprocessed inputs: how much a small change of each input
 * changes the score, which is the logit before a softmax at the end.
 *
 *   values[n,…] = ∂ score[n] / ∂ x[n,…]
 *
 * Shapes: → values [count, …inputShape]. Throws: UsageError for samples that do not fit the model, or a class that it does
 * not have; StateError. Source: Simonyan et al. 2014.
 */
export async function inputGradients(
  model: Model,
  samples: Samples,
  options: ExplainOptions = {},
): Promise<Explanation> {
  checkCall('inputGradients', options, rules);
  return explain('inputGradients', { model, samples, options }, (score, { x }) => grad(score, [x])[0]);
}

/**
 * Grad-CAM: where the maps of a layer speak for a class.
 *
 *   w[k] = mean over the pixels of ∂ score / ∂ map[k];   values = relu(Σ_k w[k] · map[k])
 *
 * resized bilinearly to the input and divided by its maximum, so that values are between 0 and 1.
 * Shapes: → values [count, height, width]. Throws: UsageError for a layer without maps, for samples that do not fit the
 * model, or a class that it does not have; StateError. Source: Selvaraju et al. 2017.
 */
export async function gradCam(model: Model, samples: Samples, options: GradCamOptions): Promise<Explanation> {
  checkCall('gradCam', options, () => ({ ...rules(), layer: required(nonEmptyText) }));
  const { layer } = options;
  const shape = model.network.shapeOf(layer);
  const [height, width] = model.inputShape;
  if (shape.length !== 3 || width === undefined)
    throw new UsageError(
      `gradCam: layer '${layer}' has the values [${shape.join(',')}] per sample, expected maps [height,width,channels] of images.`,
    );
  return explain('gradCam', { model, samples, options }, (score, { values }) => {
    const maps = values.get(layer)!;
    const [slopes] = grad(score, [maps]);
    const weights = mean(slopes, { axis: [1, 2], keepDims: true });
    const cam = relu(sum(multiply(maps, weights), { axis: 3, keepDims: true }));
    const whole = resize(cam, [height!, width]);
    // 0 where nothing speaks for the class.
    return divide(whole, maximum(max(whole, { axis: [1, 2], keepDims: true }), 1e-30));
  });
}

interface Explained {
  readonly model: Model;
  readonly samples: Samples;
  readonly options: ExplainOptions;
}

/** Records `fn` of the summed scores of a batch, and runs it over all samples. */
async function explain(
  who: string,
  { model, samples, options }: Explained,
  fn: (score: Tensor, at: { readonly x: Tensor; readonly values: ReadonlyMap<string, Tensor> }) => Tensor,
): Promise<Explanation> {
  const { classIndex } = options;
  const classes = classesOf(who, model.outputShape, classIndex);
  const [output] = model.network.outputs as [string];
  const { device, preprocessing } = model;
  const known = inputSet(who, samples, model);
  const batch = Math.min(options.batchSize ?? 32, known.count);
  const set = new DeviceSet(device, known, { multipleOf: batch, isLabelled: false });
  const state = outsideTidy(() => Tensor.zeros(stateSpec, device));
  const resources: { dispose(): void }[] = [set, state];
  try {
    const bound = await program(() => {
      const { x } = gatherBatch(set, state, { batch, preprocessing });
      if (!(x instanceof Tensor))
        throw new UsageError(`${who}: the model has ${x.size} inputs, expected one.`);
      const values = model.layerOutputs(x, { isTraining: false, state });
      const scores = logitsOf(values.get(output)!) ?? values.get(output)!;
      const likeliest = argMax(scores, { axis: 1 });
      const chosen = classIndex === undefined ? oneHot(likeliest, classes) : oneOf(classIndex, classes);
      return { values: fn(sum(multiply(scores, chosen)), { x, values }), likeliest };
    }, device).bind();
    resources.push(bound.step, ...Object.values(bound.outputs));
    return await model.activity.read(who, async () => {
      const perSample = sizeOf(bound.outputs.values.shape) / batch;
      const found = new Float32Array(known.count * perSample);
      const explained = new Uint32Array(known.count).fill(classIndex ?? 0);
      const words = new Uint32Array(stateSize);
      words[stateWords.epochSize] = known.count;
      for (let cursor = 0; cursor < known.count; cursor += batch) {
        words[stateWords.cursor] = cursor;
        state.write(words);
        bound.step.run();
        const rows = Math.min(batch, known.count - cursor);
        const values = (await bound.outputs.values.data()) as Float32Array;
        found.set(values.subarray(0, rows * perSample), cursor * perSample);
        if (classIndex !== undefined) continue;
        const likeliest = (await bound.outputs.likeliest.data()) as Uint32Array;
        explained.set(likeliest.subarray(0, rows), cursor);
      }
      return { values: found, classes: explained };
    });
  } finally {
    for (const resource of resources) resource.dispose();
  }
}

/** The number of classes. Throws: UsageError for an output that has none, or a class that it does not have. */
function classesOf(who: string, shape: Shape, classIndex: number | undefined): number {
  const [classes, ...others] = shape;
  if (classes === undefined || others.length > 0)
    throw new UsageError(
      `${who}: the model's output is [${shape.join(',')}] per sample, expected [classes].`,
    );
  if (classIndex !== undefined && classIndex >= classes)
    throw new UsageError(
      `${who}: classIndex is ${classIndex}, expected an integer from 0 to ${classes - 1}.`,
    );
  return classes;
}

/** A row with a one at the class, which broadcasts over the samples. */
function oneOf(index: number, classes: number): Tensor {
  return Tensor.from(
    Float32Array.from({ length: classes }, (_, i) => (i === index ? 1 : 0)),
    [classes],
  );
}
