/** Finds how many samples a device can evaluate or predict at a time, by planning before anything is allocated. */
import { type SetShape, sampleCount } from '../samples/samples.js';
import type { TrainableModel } from '../trainable_model.js';
import { type PlannedForecast, forecastEvaluation, forecastPrediction } from './memory_forecast.js';
import { type MemoryOptions, Room } from './memory_room.js';
import type { PlannedBatch } from './planned.js';

export interface Wanted extends MemoryOptions {
  readonly batchSize: number;
}

/**
 * The batch size for inference on this many images: a power of two, so that sets of many sizes share a few compiled kernels,
 * and at most `batchSize`.
 */
function batchFor(set: SetShape, batchSize: number): number {
  return Math.min(batchSize, 2 ** Math.ceil(Math.log2(sampleCount(set))));
}

/** The batch size and the plan of an evaluation, reduced to fit on the device; the result does not depend on the size. */
export function fittingEvaluation(model: TrainableModel, images: SetShape, options: Wanted): PlannedBatch {
  const forecast = (batch: number): PlannedForecast =>
    forecastEvaluation(model, images, batch, { hasFewShapes: true });
  const fitting = fittingBatch('evaluate', model, images, options, forecast);
  model.task.checkBatch('evaluate', batchFor(images, options.batchSize), fitting.batchSize);
  return fitting;
}

/** Like `fittingEvaluation`, for a prediction. */
export function fittingPrediction(
  model: TrainableModel,
  images: SetShape,
  options: Wanted & { readonly output?: string },
): PlannedBatch {
  const forecast = (batch: number): PlannedForecast =>
    forecastPrediction(model, images, batch, options.output);
  return fittingBatch('predict', model, images, options, forecast);
}

function fittingBatch(
  who: string,
  { device }: TrainableModel,
  images: SetShape,
  { batchSize, memory }: Wanted,
  forecastOf: (batch: number) => PlannedForecast,
): PlannedBatch {
  const room = new Room(who, device, memory, forecastOf);
  const { atOnce, forecast } = room.upTo(batchFor(images, batchSize));
  return { batchSize: atOnce, planned: forecast.planned };
}
