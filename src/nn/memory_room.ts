/** How many images a device has room for: by the limit of a buffer, and by a budget of memory. */
import { type Device, mebibytes } from '../engine/device.js';
import { DeviceError } from '../errors.js';
import { checkArgument } from '../calls.js';
import { type Rules, rule } from '../options.js';
import { type MemoryForecast, addedBytes } from './memory_forecast.js';

/** Of the host's free memory, what a device may take of it: the rest is for the host's own growth. */
const shareOfFree = 0.8;

export interface MemoryOptions {
  /**
   * Bytes that the device may hold in all. Left out: four fifths of the host's free memory for a device that computes
   * in it, no limit elsewhere, where WebGPU does not tell how much there is.
   */
  readonly memory?: number | undefined;
}

export const memoryRules = (): Rules<MemoryOptions> => ({
  // Infinity means that there is no limit.
  memory: rule('a number of bytes above 0', (value) => typeof value === 'number' && value > 0),
});

/** What a device has room for, by the forecast for a number of images at once. */
export class Room {
  /** Bytes that the device may hold in all. */
  readonly #budget: number;

  /** Throws: UsageError for a `memory` of 0 or less. */
  constructor(
    readonly who: string,
    readonly device: Device,
    memory: number | undefined,
    readonly forecast: (atOnce: number) => MemoryForecast,
  ) {
    if (memory !== undefined) checkArgument(who, 'memory', memory, () => memoryRules().memory);
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

  /** `most` where it fits, else the largest number that does. Throws: DeviceError, as `largest`. */
  upTo(most: number): number {
    return this.forecastIfFits(most) ? most : this.largest(most);
  }

  /**
   * The largest number of images that fits, below `tooMany`, which does not: more images never take less.
   *
   * Throws: DeviceError when not even one does.
   */
  largest(tooMany: number): number {
    let [fits, over] = [0, tooMany];
    while (over - fits > 1) {
      const middle = Math.floor((fits + over) / 2);
      if (this.forecastIfFits(middle)) fits = middle;
      else over = middle;
    }
    if (fits > 0) return fits;
    const excess = this.#excess(this.forecast(1)) as string;
    throw new DeviceError(
      `${this.who}: this device is too small: with one image at a time it would need ${excess}. Use a smaller model or fewer images.`,
      { problem: 'limit' },
    );
  }
}
