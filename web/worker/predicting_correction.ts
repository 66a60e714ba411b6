/** One-shot corrections: runs them while no step is in flight, then saves the model. */
import type { ImageSet } from '../../src/data/dataset.js';
import { DeviceError, UsageError } from '../../src/errors.js';
import type { LabelledImages } from '../../src/nn/samples/samples.js';
import type { PredictingApi } from '../protocol.js';
import type { Context } from './context.js';
import type { correct } from './one_shot_correction.js';
import { unlessLost } from './lost_device.js';
import type { Predictions } from './predicting_model.js';

/** How long a correction waits for rehearsal images. */
const timeoutMs = 5_000;

const lostText = 'correct: the graphics device was lost, so nothing was learned; try again when it is back.';

export interface CorrectionDeps {
  readonly context: Context;
  readonly predictions: Predictions;
  /** Fetches the code of corrections, which few visits need. */
  readonly fetchCorrect: () => Promise<typeof correct>;
}

/**
 * Throws: DeviceError without a device, or when it is lost; UsageError when the model has no such label; ModelError when
 * the model does not end in a dense layer and a softmax.
 */
export async function correction(
  { context, predictions, fetchCorrect }: CorrectionDeps,
  input: Uint8Array<ArrayBuffer>,
  label: number,
): ReturnType<PredictingApi['correct']> {
  const device = context.device.current;
  if (!device)
    throw new DeviceError('correct: learning from a drawing needs WebGPU, which this browser lacks.', {
      problem: 'no-adapter',
    });
  checkLabel(label, context);
  // Fetched first, so that training continues in the meantime.
  const [images, correct] = await Promise.all([trainingImages(context), fetchCorrect()]);
  let uncorrected: Uint8Array | undefined;
  const task = async (): ReturnType<PredictingApi['correct']> => {
    // The model may have been replaced by one with other classes.
    checkLabel(label, context);
    const before = await predictions.of(input);
    const { seed } = context.trainer.settings;
    const rehearsal = rehearsalOf(images, context);
    const model = await context.trainer.snapshot();
    const result = await correct(context.current.model, { input, label, rehearsal, seed });
    if (!result.isCorrected) return { before, after: before, ...result };
    uncorrected = model;
    const after = await predictions.of(input);
    await context.trainer.weightsChanged();
    return { before, after, ...result };
  };
  const outcome = await unlessLost(device, lostText, async () => context.trainer.betweenSteps(task));
  // Training does not wait for the disk.
  if (uncorrected) await context.undo.keep('model', 'correction', uncorrected);
  if (outcome.isCorrected) await context.trainer.written();
  return outcome;
}

function checkLabel(label: number, { current: { classNames } }: Context): void {
  if (!(Number.isInteger(label) && label >= 0 && label < classNames.length))
    throw new UsageError(`correct: the label is ${label}, expected 0 to ${classNames.length - 1}.`);
}

/** The training images, if they are loaded or arrive within the time limit. Otherwise the next correction can use them. */
async function trainingImages(context: Context): Promise<ImageSet | undefined> {
  const { dataset } = context.trainer.settings;
  const fetched = context.data.fetched(dataset);
  if (fetched) return fetched.train;
  const timeout = new Promise<undefined>((resolve) => setTimeout(resolve, timeoutMs, undefined));
  try {
    return (await Promise.race([context.data.get(dataset), timeout]))?.train;
  } catch {
    // The server has no data, or cannot be reached: the model learns the drawing alone.
    return undefined;
  }
}

/** Undefined if the size or the classes of the images differ from the model's. */
function rehearsalOf(
  images: ImageSet | undefined,
  { current: { model, classNames } }: Context,
): LabelledImages | undefined {
  const isOfModel =
    images?.classNames.join('\n') === classNames.join('\n') &&
    images.imageShape.join() === model.inputShape.join();
  return isOfModel ? images : undefined;
}
