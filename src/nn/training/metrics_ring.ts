/**
 * The metrics of the last steps, on the device: one row per step, written by `endStep` and read by the host some steps later.
 * Training reads back nothing else.
 */
import type { Device } from '../../engine/device.js';
import type { Spec } from '../../engine/primitive.js';
import { Resource } from '../../engine/resource.js';
import type { Tensor } from '../../engine/tensor.js';
import { assert } from '../../errors.js';
import type { Sums, Task } from './task.js';

/** Rows of the ring; at most half are in flight, so none is overwritten before it is read. */
export const ringRows = 64;

export class MetricsRing extends Resource {
  /** [ringRows, row] u32: the bits of a step's totals, and at the end of the row the step's number. */
  readonly tensor: Tensor;
  readonly #row: number;

  /** `make` allocates the tensor, or makes a placeholder. */
  constructor(
    private readonly task: Task,
    make: (spec: Spec) => Tensor,
  ) {
    super();
    this.#row = task.width + 1;
    this.tensor = make({ shape: [ringRows, this.#row], dtype: 'u32' });
  }

  /** Allocates what reading the ring needs: one read is in flight while the next one is encoded. */
  prepareReads(device: Device): void {
    device.prepareReads(this.tensor.storage.byteLength, 2);
  }

  /** The sums of one step, from the bytes of the ring. */
  sumsOf(bytes: ArrayBuffer, step: number): Sums {
    const start = (step % ringRows) * this.#row;
    const end = start + this.#row - 1;
    const found = new Uint32Array(bytes)[end];
    assert(found === step, `the ring's row holds step ${step}, not ${found}`);
    return this.task.sumsOf(new Float32Array(bytes).subarray(start, end));
  }

  dispose(): void {
    this.tensor.dispose();
  }
}
