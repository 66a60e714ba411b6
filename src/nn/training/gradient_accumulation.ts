/**
 * Finds how many images a device can process at a time, by planning before anything is allocated. Larger batches are split
 * into micro-batches whose gradients accumulate.
 */
import { DeviceError } from '../../errors.js';
import { checkArgument } from '../../calls.js';
import { count } from '../../options.js';
import {
  type MemoryForecast,
  type PlannedForecast,
  type TrainingShape,
  forecastEvaluation,
  forecastPrediction,
  forecastTraining,
  together,
} from './memory_forecast.js';
import type { Planned, PlannedBatch } from './planned.js';
import type { TrainableModel } from '../trainable_model.js';
import { type MemoryOptions, Room } from './memory_room.js';
import { type SetShape, sampleCount } from '../samples/samples.js';

export interface AccumulationOptions extends MemoryOptions {
  readonly batchSize: number;
  /** The requested size. Default: found by planning. */
  readonly microBatchSize?: number | undefined;
  /** The size to use if none is requested and it fits, such as that of an interrupted training. */
  readonly preferred?: number | undefined;
  readonly images: SetShape;
  readonly validation?: SetShape | undefined;
  readonly variantsPerImage?: number | undefined;
  readonly epochSize?: number | undefined;
  readonly augmentation?: TrainingShape['augmentation'];
  readonly kernelSelection?: TrainingShape['kernelSelection'];
}

export interface GradientAccumulation {
  readonly batchSize: number;
  /** Images per micro-batch; the batch size without accumulation. */
  readonly microBatchSize: number;
  /** The most images that the device can process at a time, if that was the limit. */
  readonly largest?: number;
  readonly forecast: TrainingForecast;
}

/** The memory of a training with its validation, and the plans of both. */
export interface TrainingForecast extends MemoryForecast {
  readonly training: Planned;
  readonly validation?: Planned;
}

interface Wanted extends MemoryOptions {
  readonly batchSize: number;
}

/**
 * How a training splits its batches: not at all if they fit, otherwise into the fewest micro-batches that fit, of equal
 * size as far as integers allow.
 *
 * Throws: UsageError for a micro-batch size out of range; DeviceError if not even one image fits, or the requested
 * micro-batch does not.
 */
export function planAccumulation(model: TrainableModel, options: AccumulationOptions): GradientAccumulation {
  const { batchSize, microBatchSize, preferred, validation, memory, ...shape } = options;
  if (microBatchSize !== undefined) checkArgument('fit', 'microBatchSize', microBatchSize, () => count);
  const room = new Room('fit', model.device, memory, (atOnce): TrainingForecast => {
    const training = forecastTraining(model, { ...shape, batchSize, microBatchSize: atOnce });
    if (!validation) return { ...training, training: training.planned };
    const { kernelSelection } = shape;
    const evaluation = forecastEvaluation(model, validation, atOnce, { kernelSelection });
    return {
      ...together(training, evaluation),
      training: training.planned,
      validation: evaluation.planned,
    };
  });
  const wanted = Math.min(microBatchSize ?? preferred ?? batchSize, batchSize);
  const forecast = room.forecastIfFits(wanted);
  if (forecast) return { batchSize, microBatchSize: wanted, forecast };
  const { atOnce: largest, forecast: ofLargest } = room.largest(wanted);
  if (microBatchSize !== undefined)
    throw new DeviceError(
      `fit: micro-batches of ${wanted} images exceed the ${largest} that fit on this device; leave microBatchSize out, or make it smaller.`,
      { problem: 'limit' },
    );
  const parts = Math.ceil(batchSize / largest);
  const found = Math.ceil(batchSize / parts);
  return {
    batchSize,
    microBatchSize: found,
    largest,
    forecast: found === largest ? ofLargest : room.forecast(found),
  };
}

/** One line for the user; undefined without accumulation. */
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
      : `Batch ${batchSize} exceeds the ${largest} images that fit on this device: ${how}.`;
  return hasBatchStatistics ? `${line} Batch normalisation uses the statistics of each micro-batch.` : line;
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

/** The largest batch, up to `batchSize`, that fits on the device when this model trains on this set. */
export function largestBatch(
  model: TrainableModel,
  shape: Omit<TrainingShape, 'batchSize' | 'microBatchSize'>,
  { batchSize, memory }: Wanted,
): number {
  const forecast = (batch: number): MemoryForecast =>
    forecastTraining(model, { ...shape, batchSize: batch, microBatchSize: batch });
  return new Room('largestBatch', model.device, memory, forecast).upTo(batchSize).atOnce;
}
