/** Learning one image, as the page asks for it: at rest, and saved when it is done. */
import type { ImageSet } from '../../src/data/dataset.js';
import { DeviceError, UsageError } from '../../src/errors.js';
import type { LabelledImages } from '../../src/nn/device_set.js';
import type { PredictingApi } from '../protocol.js';
import type { Context } from './context.js';
import type { learn } from './learning.js';
import { unlessLost } from './lost_device.js';
import type { Predictions } from './predicting_model.js';

/** How long a lesson waits for training images to rehearse. */
const patienceMs = 5_000;

const lostText =
  'learn: the graphics device was lost before the lesson ended, so nothing was learned; try again when it is back.';

export interface LessonParts {
  readonly context: Context;
  readonly predictions: Predictions;
  /** What few visits need is fetched when it is. */
  readonly fetchLearn: () => Promise<typeof learn>;
}

/**
 * Throws: DeviceError where there is no device, or when it is lost; UsageError when the label is none of the model's;
 * ModelError when the model ends in something that cannot be taught.
 */
export async function lesson(
  { context, predictions, fetchLearn }: LessonParts,
  input: Uint8Array<ArrayBuffer>,
  label: number,
): ReturnType<PredictingApi['learn']> {
  const { device } = context;
  if (!device)
    throw new DeviceError('learn: learning takes a device; use a browser with WebGPU.', {
      problem: 'no-adapter',
    });
  checkLabel(label, context);
  // Before the rest, so that a training goes on meanwhile.
  const [images, learn] = await Promise.all([trainingImages(context), fetchLearn()]);
  let unlearned: Uint8Array | undefined;
  const taught = async (): ReturnType<PredictingApi['learn']> => {
    // Meanwhile another model may have come, with other classes.
    checkLabel(label, context);
    const before = await predictions.of(input);
    const { seed } = context.settings;
    const rehearsal = rehearsalOf(images, context);
    const model = await context.snapshot();
    const learned = await learn(context.model, { input, label, rehearsal, seed });
    if (!learned.isLearned) return { before, after: before, ...learned };
    unlearned = model;
    const after = await predictions.of(input);
    await context.weightsChanged();
    return { before, after, ...learned };
  };
  const outcome = await unlessLost(device, lostText, async () => context.atRest(taught));
  // Behind the rest: training need not wait for the disk.
  if (unlearned) await context.undo.keep('model', 'lesson', unlearned);
  if (outcome.isLearned) await context.kept();
  return outcome;
}

function checkLabel(label: number, { classNames }: Context): void {
  if (!(Number.isInteger(label) && label >= 0 && label < classNames.length))
    throw new UsageError(`learn: the label is ${label}, expected 0 to ${classNames.length - 1}.`);
}

/** The training images if they are there, or come in a moment; those that come later are there for the next lesson. */
async function trainingImages(context: Context): Promise<ImageSet | undefined> {
  if (context.fetched) return context.fetched.train;
  const patience = new Promise<undefined>((resolve) => setTimeout(resolve, patienceMs, undefined));
  try {
    return (await Promise.race([context.dataset(), patience]))?.train;
  } catch {
    // There are none where the page is served without data, or the network is away: the drawing is learned alone.
    return undefined;
  }
}

/** Images of another size or with other classes would teach the model something else. */
function rehearsalOf(
  images: ImageSet | undefined,
  { model, classNames }: Context,
): LabelledImages | undefined {
  const isOfModel =
    images?.classNames.join('\n') === classNames.join('\n') &&
    images.imageShape.join() === model.inputShape.join();
  return isOfModel ? images : undefined;
}
