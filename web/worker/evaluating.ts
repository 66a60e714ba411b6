/**
 * Evaluates the current model on the test split, or on images that training leaves out.
 *
 * All images are evaluated with the same weights, even while a training runs: the weights are read while no step is in
 * flight, and copied into a separate model on the same device. Only the reading interrupts the training. The batches of the
 * evaluation are short, and share the device's queue with training steps and predictions.
 */
import type { ImageSet } from '../../src/data/dataset.js';
import type { Device } from '../../src/engine/device.js';
import { DeviceError, StateError, UsageError } from '../../src/errors.js';
import type { Callback } from '../../src/nn/callbacks/callback.js';
import { type LabelledImages, checkLabelled } from '../../src/nn/samples/samples.js';
import { Model } from '../../src/nn/model.js';
import type { EvaluatingApi, TestEvaluation } from '../protocol.js';
import type { Context } from './context.js';
import { imagesOf } from './data_images.js';
import { imagesToTest } from './evaluating_images.js';
import { Verdicts } from './evaluating_verdicts.js';
import { unlessLost } from './lost_device.js';

/** Large enough to fill a GPU; on a CPU, short enough that predictions while drawing do not lag. */
const batchSizes = { software: 16, gpu: 256 } as const;
/** Minimum interval between two progress reports. */
const reportMs = 120;

const lostText = 'The graphics device was lost during the test. Test again once it is back.';

type Progress = Parameters<EvaluatingApi['run']>[1];

/** A running evaluation. */
interface Run {
  isStopped: boolean;
}

export function evaluating(context: Context): EvaluatingApi {
  let last: { readonly verdicts: Verdicts; readonly set: ImageSet } | undefined;
  let underWay: Run | undefined;
  return {
    run: async ({ count }, onProgress) => {
      if (underWay) throw new StateError('A test is already running. Stop it, or wait for it to end.');
      const run = (underWay = { isStopped: false });
      try {
        const { evaluation, verdicts, set } = await judge(context, count, run, onProgress);
        last = { verdicts, set };
        return evaluation;
      } finally {
        underWay = undefined;
      }
    },
    stop: async () => {
      if (underWay) underWay.isStopped = true;
    },
    images: async ({ actual, predicted, from, count }) => {
      if (!last) throw new StateError('Nothing has been tested yet. Run a test first.');
      const all = last.verdicts.of({ actual, predicted });
      const found = all.slice(from, from + count);
      const images = imagesOf(
        last.set,
        found.map(({ index }) => index),
      );
      return { found, total: all.length, images };
    },
  };
}

async function judge(
  context: Context,
  count: number | null,
  run: Run,
  onProgress: Progress,
): Promise<{ readonly evaluation: TestEvaluation; readonly verdicts: Verdicts; readonly set: ImageSet }> {
  if (count !== null && !(Number.isInteger(count) && count >= 1))
    throw new UsageError(`test: count is ${count}, expected a positive integer, or null for all.`);
  const device = usableDevice(context);
  const { set, isTestPart } = await imagesToTest(context);
  const images = firstOf(set, count);
  return unlessLost(device, lostText, async () => {
    const { model, classes, modelVersion } = await frozen(context, device, images);
    const begun = performance.now();
    try {
      const { probabilities, done } = await predictUntil(model, classes, images, run, onProgress);
      checkFinite(probabilities);
      const verdicts = new Verdicts(images.labels.subarray(0, done), probabilities, classes);
      const ms = performance.now() - begun;
      return { evaluation: { ...verdicts.summary(), modelVersion, isTestPart, ms }, verdicts, set };
    } finally {
      model.dispose();
    }
  });
}

function usableDevice({ device: { current: device } }: Context): Device {
  if (!device) {
    throw new DeviceError('Testing needs WebGPU: thousands of images are too slow in plain JavaScript.', {
      problem: 'no-adapter',
    });
  }
  return device;
}

/** Throws: StateError if the network outputs NaN. */
function checkFinite(probabilities: Float32Array): void {
  if (probabilities.every(Number.isFinite)) return;
  throw new StateError(
    'The network outputs NaN; its training probably diverged. Train again with a smaller learning rate.',
  );
}

/** The first `count` images of a set; the set itself for null. */
function firstOf(set: ImageSet, count: number | null): ImageSet {
  if (count === null || count >= set.count) return set;
  return set.select(Array.from({ length: count }, (_, i) => i));
}

/** A copy of the current model with its present weights. Throws: UsageError if the images do not fit the model. */
async function frozen(
  context: Context,
  device: Device,
  images: LabelledImages,
): Promise<{ readonly model: Model; readonly classes: number; readonly modelVersion: number }> {
  const { description, weights, modelVersion } = await context.trainer.betweenSteps(async () => ({
    modelVersion: context.current.version,
    description: context.current.model.toJson(),
    weights: await context.current.weights(),
  }));
  const model = Model.fromJson(description, { device });
  const { classes } = model;
  if (classes === undefined)
    throw new UsageError(
      `test: the output of ${model.name} is [${model.outputShape.join(',')}], expected one value per class.`,
    );
  checkLabelled('test', images, model.inputs, model.task.outputs);
  model.setWeights(new Map(weights));
  return { model, classes, modelVersion };
}

/** Thrown in a callback, which ends `predict` early. */
class Stopped extends Error {}

/** Probabilities of the first `done` images; of all images, unless the run was stopped. */
async function predictUntil(
  model: Model,
  classes: number,
  images: LabelledImages,
  run: Run,
  onProgress: Progress,
): Promise<{ readonly probabilities: Float32Array; readonly done: number }> {
  const probabilities = new Float32Array(images.count * classes);
  let done = 0;
  let reported = -Infinity;
  const report = (): void => {
    const now = performance.now();
    if (now - reported < reportMs && done < images.count) return;
    reported = now;
    onProgress(done, images.count);
  };
  const collect: Callback = {
    onPredictBatchEnd: (_, rows) => {
      probabilities.set(rows, done * classes);
      done += rows.length / classes;
      report();
      if (run.isStopped && done < images.count) throw new Stopped();
    },
  };
  report();
  const batchSize = batchSizes[model.device.traits.family === 'software' ? 'software' : 'gpu'];
  try {
    await model.predict(images, { batchSize, callbacks: [collect] });
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
  }
  return { probabilities: probabilities.subarray(0, done * classes), done };
}
