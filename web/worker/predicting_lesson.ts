/** Learning one image, as the page asks for it: at rest, and saved when it is done. */
import { DeviceError, UsageError } from '../../src/errors.js';
import type { LabelledImages } from '../../src/nn/device_set.js';
import type { PredictingApi } from '../protocol.js';
import type { Context } from './context.js';
import { learn } from './learning.js';
import type { Predictions } from './predicting_model.js';

/** An image is learned when it is taken for what it is with more than this probability. */
const sureFrom = 0.8;

/**
 * Throws: DeviceError where there is no device, or when it is lost; UsageError when the label is none of the model's.
 */
export async function lesson(
  context: Context,
  predictions: Predictions,
  input: Uint8Array<ArrayBuffer>,
  label: number,
): ReturnType<PredictingApi['learn']> {
  const { classNames, settings } = context;
  if (!context.device)
    throw new DeviceError('learn: learning takes a device; use a browser with WebGPU.', {
      problem: 'no-adapter',
    });
  if (!(Number.isInteger(label) && label >= 0 && label < classNames.length))
    throw new UsageError(`learn: the label is ${label}, expected 0 to ${classNames.length - 1}.`);
  return context.atRest(async () => {
    const before = await predictions.of(input);
    let after = before;
    const rehearsal = rehearsalOf(context);
    const steps = await learn(context.model, { input, label, rehearsal, seed: settings.seed }, async () => {
      after = await predictions.of(input);
      return (after.probabilities[label] as number) > sureFrom;
    });
    await context.weightsChanged();
    return { before, after, steps };
  });
}

/** The training images, where they are there already and of the classes that the model knows. */
function rehearsalOf({ fetched, model, classNames }: Context): LabelledImages | undefined {
  if (!fetched) return undefined;
  const { train } = fetched;
  const isOfModel =
    train.classNames.join('\n') === classNames.join('\n') &&
    train.imageShape.join() === model.inputShape.join();
  return isOfModel ? train : undefined;
}
