/**
 * How many images a device takes at once, found by planning before anything is allocated, and what becomes of a batch
 * that is larger: it is taken in micro-batches whose gradients accumulate.
 */
import { type Device, mebibytes } from '../engine/device.js';
import { DeviceError, UsageError } from '../errors.js';
import type { SetShape } from './device_set.js';
import {
  type MemoryForecast,
  addedBytes,
  forecastEvaluation,
  forecastPrediction,
  forecastTraining,
  together,
} from './memory_forecast.js';
import type { Model } from './model.js';
import type { TrainingShape } from './memory_forecast.js';

/** Of the host's free memory, what a device may take of it: the rest is for the host's own growth. */
const shareOfFree = 0.8;

export interface MemoryOptions {
  /**
   * Bytes that the device may hold in all. Left out: four fifths of the host's free memory for a device that computes
   * in it, no limit elsewhere, where WebGPU does not tell how much there is.
   */
  readonly memory?: number | undefined;
}

export interface DivisionOptions extends MemoryOptions {
  readonly batchSize: number;
  /** Asked for; found when left out. */
  readonly microBatchSize?: number | undefined;
  /** What to take where nothing was asked for and it fits, such as what an interrupted training took. */
  readonly preferred?: number | undefined;
  readonly images: SetShape;
  readonly validation?: SetShape | undefined;
  readonly variantsPerImage?: number | undefined;
  readonly augmentation?: TrainingShape['augmentation'];
}

export interface BatchDivision {
  readonly batchSize: number;
  /** Images at once; the batch size where it is taken whole. */
  readonly microBatchSize: number;
  /** What the device takes at once, where that decided. */
  readonly largest?: number;
  readonly forecast: MemoryForecast;
}

/**
 * How a training takes its batches: whole where they fit, else in the fewest micro-batches that do, of equal size as far
 * as whole numbers allow.
 *
 * Throws: UsageError for a micro-batch size out of range; DeviceError when not even one image fits, or not the
 * micro-batch that was asked for.
 */
export function divideBatch(model: Model, options: DivisionOptions): BatchDivision {
  const { batchSize, microBatchSize, preferred, validation, memory, ...shape } = options;
  const { device } = model;
  if (microBatchSize !== undefined && !(Number.isInteger(microBatchSize) && microBatchSize >= 1))
    throw new UsageError(`fit: microBatchSize is ${microBatchSize}, expected a whole number from 1 on.`);
  checkMemory('fit', memory);
  const room = new Room(device, memory, (atOnce) => {
    const training = forecastTraining(model, { ...shape, batchSize, microBatchSize: atOnce });
    return validation ? together(training, forecastEvaluation(model, validation, atOnce)) : training;
  });
  const wanted = Math.min(microBatchSize ?? preferred ?? batchSize, batchSize);
  const forecast = room.forecastIfFits(wanted);
  if (forecast) return { batchSize, microBatchSize: wanted, forecast };
  const largest = room.largest('fit', wanted);
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
export function describeDivision(
  { batchSize, microBatchSize, largest }: BatchDivision,
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

/** The largest batch up to `batchSize` that an evaluation fits with; its result is the same whatever the batch. */
export function fittingEvaluation(
  model: Model,
  images: SetShape,
  { batchSize, memory }: MemoryOptions & { readonly batchSize: number },
): number {
  checkMemory('evaluate', memory);
  return new Room(model.device, memory, (batch) => forecastEvaluation(model, images, batch)).upTo(
    'evaluate',
    batchSize,
  );
}

/** The same for a prediction. */
export function fittingPrediction(
  model: Model,
  images: SetShape,
  { batchSize, memory }: MemoryOptions & { readonly batchSize: number },
): number {
  checkMemory('predict', memory);
  return new Room(model.device, memory, (batch) => forecastPrediction(model, images, batch)).upTo(
    'predict',
    batchSize,
  );
}

/** The largest number of images at once that a training of this model and set fits with, up to `most`. */
export function largestBatch(
  model: Model,
  shape: Omit<TrainingShape, 'batchSize' | 'microBatchSize'>,
  { most, memory }: MemoryOptions & { readonly most: number },
): number {
  const forecast = (batch: number): MemoryForecast =>
    forecastTraining(model, { ...shape, batchSize: batch, microBatchSize: batch });
  return new Room(model.device, memory, forecast).upTo('largestBatch', most);
}

function checkMemory(who: string, memory: number | undefined): void {
  if (memory !== undefined && !(memory > 0))
    throw new UsageError(`${who}: memory is ${memory}, expected a number of bytes above 0.`);
}

/** What a device has room for, by the forecast for a number of images at once. */
class Room {
  /** Bytes that the device may hold in all. */
  readonly #budget: number;

  constructor(
    readonly device: Device,
    memory: number | undefined,
    readonly forecast: (atOnce: number) => MemoryForecast,
  ) {
    const free = device.freeMemory();
    const found = free === undefined ? Infinity : device.allocatedBytes + shareOfFree * free;
    this.#budget = memory ?? found;
  }

  /** Undefined when it does not fit. Throws: ShapeError and the like for a model that cannot be recorded. */
  forecastIfFits(atOnce: number): MemoryForecast | undefined {
    try {
      const forecast = this.forecast(atOnce);
      return this.#excess(forecast) === undefined ? forecast : undefined;
    } catch (error) {
      if (error instanceof DeviceError && error.problem === 'limit') return undefined;
      throw error;
    }
  }

  /** What is too much about it, for people. */
  #excess(forecast: MemoryForecast): string | undefined {
    const { device } = this;
    if (forecast.largestBuffer > device.maxBufferBytes)
      return `a buffer of ${mebibytes(forecast.largestBuffer)}, and this device's limit is ${mebibytes(device.maxBufferBytes)}`;
    const inAll = (): number => device.allocatedBytes + addedBytes(forecast);
    if (inAll() <= this.#budget) return undefined;
    // What waits in the pool for the next of its size may make the difference.
    device.trim();
    if (inAll() <= this.#budget) return undefined;
    return `${mebibytes(inAll())} in all, and it may hold ${mebibytes(this.#budget)}`;
  }

  upTo(who: string, most: number): number {
    return this.forecastIfFits(most) ? most : this.largest(who, most);
  }

  /**
   * The largest number of images that fits, below `tooMany`, which does not: more images never take less.
   *
   * Throws: DeviceError when not even one does.
   */
  largest(who: string, tooMany: number): number {
    let [fits, over] = [0, tooMany];
    while (over - fits > 1) {
      const middle = (fits + over) >> 1;
      if (this.forecastIfFits(middle)) fits = middle;
      else over = middle;
    }
    if (fits > 0) return fits;
    const excess = this.#excess(this.forecast(1)) as string;
    throw new DeviceError(
      `${who}: this device is too small: with one image at a time it would need ${excess}. Use a smaller model or fewer images.`,
      { problem: 'limit' },
    );
  }
}
