/**
 * Finds how many images a device can process at a time, by planning before anything is allocated. Larger batches are split
 * into micro-batches whose gradients accumulate.
 */
import { DeviceError } from '../../errors.js';
import { checkArgument } from '../../calls.js';
import { count } from '../../options.js';
import { type MemoryForecast, forecastEvaluation, together } from './memory_forecast.js';
import { type TrainingShape, forecastTraining } from './training_forecast.js';
import type { Planned } from './planned.js';
import type { TrainableModel } from '../trainable_model.js';
import type { Wanted } from './inference_batch.js';
import { type MemoryOptions, Room } from './memory_room.js';
import type { SetShape } from '../samples/samples.js';

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
  readonly isMixed?: boolean;
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
