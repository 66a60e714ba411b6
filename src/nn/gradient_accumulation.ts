/**
 * How many images a device takes at once, found by planning before anything is allocated, and what becomes of a batch
 * that is larger: it is taken in micro-batches whose gradients accumulate.
 */
import { DeviceError } from '../errors.js';
import { checkArgument } from '../calls.js';
import { count } from '../options.js';
import type { SetShape } from './device_set.js';
import {
  type MemoryForecast,
  type TrainingShape,
  forecastEvaluation,
  forecastPrediction,
  forecastTraining,
  together,
} from './memory_forecast.js';
import type { TrainableModel } from './trainable_model.js';
import { type MemoryOptions, Room } from './memory_room.js';

export interface AccumulationOptions extends MemoryOptions {
  readonly batchSize: number;
  /** Asked for; found when left out. */
  readonly microBatchSize?: number | undefined;
  /** What to take where nothing was asked for and it fits, such as what an interrupted training took. */
  readonly preferred?: number | undefined;
  readonly images: SetShape;
  readonly validation?: SetShape | undefined;
  readonly variantsPerImage?: number | undefined;
  readonly augmentation?: TrainingShape['augmentation'];
  readonly kernelSelection?: TrainingShape['kernelSelection'];
}

export interface GradientAccumulation {
  readonly batchSize: number;
  /** Images at once; the batch size where it is taken whole. */
  readonly microBatchSize: number;
  /** What the device takes at once, where that decided. */
  readonly largest?: number;
  readonly forecast: MemoryForecast;
}

interface Wanted extends MemoryOptions {
  readonly batchSize: number;
}

/**
 * How a training takes its batches: whole where they fit, else in the fewest micro-batches that do, of equal size as far
 * as integers allow.
 *
 * Throws: UsageError for a micro-batch size out of range; DeviceError when not even one image fits, or not the
 * micro-batch that was asked for.
 */
export function planAccumulation(model: TrainableModel, options: AccumulationOptions): GradientAccumulation {
  const { batchSize, microBatchSize, preferred, validation, memory, ...shape } = options;
  if (microBatchSize !== undefined) checkArgument('fit', 'microBatchSize', microBatchSize, () => count);
  const room = new Room('fit', model.device, memory, (atOnce) => {
    const training = forecastTraining(model, { ...shape, batchSize, microBatchSize: atOnce });
    return validation
      ? together(
          training,
          forecastEvaluation(model, validation, atOnce, { kernelSelection: shape.kernelSelection }),
        )
      : training;
  });
  const wanted = Math.min(microBatchSize ?? preferred ?? batchSize, batchSize);
  const forecast = room.forecastIfFits(wanted);
  if (forecast) return { batchSize, microBatchSize: wanted, forecast };
  const largest = room.largest(wanted);
  if (microBatchSize !== undefined)
    throw new DeviceError(
      `fit: micro-batches of ${wanted} images exceed what this device takes at once (${largest}); leave microBatchSize out, or make it smaller.`,
      { problem: 'limit' },
    );
  const parts = Math.ceil(batchSize / largest);
  const found = Math.ceil(batchSize / parts);
  return { batchSize, microBatchSize: found, largest, forecast: room.forecast(found) };
}

/** One line for people; undefined where the batch is taken whole. */
export function describeAccumulation(
  { batchSize, microBatchSize, largest }: GradientAccumulation,
  { hasBatchStatistics }: { readonly hasBatchStatistics: boolean },
): string | undefined {
  if (microBatchSize === batchSize) return undefined;
  const parts = Math.ceil(batchSize / microBatchSize);
  const size = batchSize % microBatchSize === 0 ? `${microBatchSize}` : `at most ${microBatchSize}`;
  const how = `gradients accumulate over ${parts} micro-batches of ${size}`;
  const line =
    largest === undefined
      ? `Batch ${batchSize}: ${how}.`
      : `Batch ${batchSize} exceeds what this device takes at once (${largest}): ${how}.`;
  return hasBatchStatistics ? `${line} Batch normalisation takes the statistics of each micro-batch.` : line;
}

/**
 * Images at once without learning, for so many of them: a power of two, so that sets of many sizes share few kernels, each
 * compiled once; not more than `batchSize`.
 */
function batchFor({ count }: SetShape, batchSize: number): number {
  return Math.min(batchSize, 2 ** Math.ceil(Math.log2(count)));
}

/** The batch that an evaluation takes, smaller where the device has no room for it; its result is the same. */
export function fittingEvaluation(model: TrainableModel, images: SetShape, options: Wanted): number {
  const forecast = (batch: number): MemoryForecast =>
    forecastEvaluation(model, images, batch, { hasFewShapes: true });
  const room = new Room('evaluate', model.device, options.memory, forecast);
  return room.upTo(batchFor(images, options.batchSize));
}

/** The same for a prediction. */
export function fittingPrediction(
  model: TrainableModel,
  images: SetShape,
  options: Wanted & { readonly output?: string },
): number {
  const forecast = (batch: number): MemoryForecast =>
    forecastPrediction(model, images, batch, options.output);
  return new Room('predict', model.device, options.memory, forecast).upTo(
    batchFor(images, options.batchSize),
  );
}

/** The largest number of images at once, up to `batchSize`, that a training of this model and set fits with. */
export function largestBatch(
  model: TrainableModel,
  shape: Omit<TrainingShape, 'batchSize' | 'microBatchSize'>,
  { batchSize, memory }: Wanted,
): number {
  const forecast = (batch: number): MemoryForecast =>
    forecastTraining(model, { ...shape, batchSize: batch, microBatchSize: batch });
  return new Room('largestBatch', model.device, memory, forecast).upTo(batchSize);
}
