/** Timestamp queries around compute passes. */
import type { Device } from './device.js';

const bytesEach = 8;

/** Two timestamps for each of `passes` compute passes. */
export class Timestamps {
  readonly #set: GPUQuerySet;
  readonly #resolved: GPUBuffer;

  constructor(
    private readonly device: Device,
    private readonly passes: number,
  ) {
    const count = passes * 2;
    const { calls, gpu } = device;
    this.#set = calls.run('createQuerySet', () => gpu.createQuerySet({ type: 'timestamp', count }));
    this.#resolved = device.createBuffer({
      size: count * bytesEach,
      usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
      label: 'timestamps',
    });
  }

  /** The `timestampWrites` of pass `index`. */
  around(index: number): GPUComputePassTimestampWrites {
    const querySet = this.#set;
    return { querySet, beginningOfPassWriteIndex: index * 2, endOfPassWriteIndex: index * 2 + 1 };
  }

  /** Encodes resolving them into memory, after the passes. */
  resolve(encoder: GPUCommandEncoder): void {
    this.device.calls.run('resolveQuerySet', () =>
      encoder.resolveQuerySet(this.#set, 0, this.passes * 2, this.#resolved, 0),
    );
  }

  /** Duration of each pass, after submission. Units: nanoseconds. */
  async read(): Promise<number[]> {
    const byteLength = this.passes * 2 * bytesEach;
    const bytes = await this.device.read({ buffer: this.#resolved, offset: 0, byteLength });
    const times = new BigUint64Array(bytes);
    return Array.from({ length: this.passes }, (_, i) => Number(times[i * 2 + 1]! - times[i * 2]!));
  }

  dispose(): void {
    this.device.calls.run('destroy', () => {
      this.#set.destroy();
      this.#resolved.destroy();
    });
  }
}
