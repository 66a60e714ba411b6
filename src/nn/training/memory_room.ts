/** How many images fit on a device, by its limit per buffer and a memory budget. */
import { type Device, mebibytes } from '../../engine/device.js';
import { DeviceError } from '../../errors.js';
import { checkArgument } from '../../calls.js';
import { type Rules, rule } from '../../options.js';
import { type MemoryForecast, addedBytes } from './memory_forecast.js';

/** The share of the host's free memory that a device may take; the host keeps the rest for its own growth. */
const shareOfFree = 0.8;

export interface MemoryOptions {
  /**
   * Bytes that the device may allocate in total. Default: four fifths of the host's free memory for a device that computes in
   * host memory; no limit for others, because WebGPU does not report their memory.
   */
  readonly memory?: number | undefined;
}

export const memoryRules = (): Rules<MemoryOptions> => ({
  // Infinity: no limit.
  memory: rule('a number of bytes above 0', (value) => typeof value === 'number' && value > 0),
});

/** A number of images that fit on a device at once, with the forecast for them. */
export interface Fitting<Forecast extends MemoryForecast> {
  readonly atOnce: number;
  readonly forecast: Forecast;
}

/** Finds what fits on a device, from a forecast by the number of images at once. */
export class Room<Forecast extends MemoryForecast> {
  /** Bytes that the device may allocate in total. */
  readonly #budget: number;

  /** Throws: UsageError for a `memory` of 0 or less. */
  constructor(
    readonly who: string,
    readonly device: Device,
    memory: number | undefined,
    readonly forecast: (atOnce: number) => Forecast,
  ) {
    if (memory !== undefined) checkArgument(who, 'memory', memory, () => memoryRules().memory);
    const free = device.freeMemory();
    const found = free === undefined ? Infinity : device.allocatedBytes + shareOfFree * free;
    this.#budget = memory ?? found;
  }

  /** Undefined if it does not fit. Throws: ShapeError and the like for a model that cannot be recorded. */
  forecastIfFits(atOnce: number): Forecast | undefined {
    try {
      const forecast = this.forecast(atOnce);
      return this.#excess(forecast) === undefined ? forecast : undefined;
    } catch (error) {
      if (error instanceof DeviceError && error.problem === 'limit') return undefined;
      throw error;
    }
  }

  /** The limit that it exceeds, for messages; undefined if it fits. */
  #excess(forecast: MemoryForecast): string | undefined {
    const { device } = this;
    if (forecast.largestBuffer > device.maxBufferBytes)
      return `a buffer of ${mebibytes(forecast.largestBuffer)}, and this device's limit is ${mebibytes(device.maxBufferBytes)}`;
    const total = (): number => device.allocatedBytes + addedBytes(forecast);
    if (total() <= this.#budget) return undefined;
    // It may fit once the unused buffers in the pool are freed.
    device.trim();
    if (total() <= this.#budget) return undefined;
    return `${mebibytes(total())} in total; the budget is ${mebibytes(this.#budget)}`;
  }

  /** `most` if it fits, else the largest number that does. Throws: DeviceError, as `largest`. */
  upTo(most: number): Fitting<Forecast> {
    const forecast = this.forecastIfFits(most);
    return forecast ? { atOnce: most, forecast } : this.largest(most);
  }

  /**
   * The largest number of images below `tooMany` that fits; `tooMany` must not fit. It is a binary search, because more images
   * never take less memory.
   *
   * Throws: DeviceError if not even one image fits.
   */
  largest(tooMany: number): Fitting<Forecast> {
    let fitting: Fitting<Forecast> | undefined;
    let [fits, over] = [0, tooMany];
    while (over - fits > 1) {
      const middle = Math.floor((fits + over) / 2);
      const forecast = this.forecastIfFits(middle);
      if (forecast) fitting = { atOnce: (fits = middle), forecast };
      else over = middle;
    }
    if (fitting) return fitting;
    const excess = this.#excess(this.forecast(1)) as string;
    throw new DeviceError(
      `${this.who}: this device is too small: with one image at a time it would need ${excess}. Use a smaller model or fewer images.`,
      { problem: 'limit' },
    );
  }
}
