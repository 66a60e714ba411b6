/** A training step with gradient accumulation: a program for each micro-batch, and one that ends the step. */
import type { Step } from '../../engine/replay.js';
import type { Replayable } from './replay_loop.js';

export interface Accumulation {
  readonly batchSize: number;
  readonly microBatchSize: number;
}

export class AccumulatedStep implements Replayable {
  /** The start of the next step's batch: the value that the device's cursor will have by then. */
  #cursor = 0;
  #epochSize = 0;

  constructor(
    private readonly microBatch: Step,
    private readonly update: Step,
    private readonly accumulation: Accumulation,
  ) {}

  /** Sets where the next step's batch starts, and the size of the epoch. */
  begin(cursor: number, epochSize: number): void {
    this.#cursor = cursor;
    this.#epochSize = epochSize;
  }

  encode(encoder: GPUCommandEncoder, times = 1): void {
    for (let i = 0; i < times; i++) {
      this.microBatch.encode(encoder, this.#nextMicroBatches());
      this.update.encode(encoder);
    }
  }

  async profileAndPrint(): Promise<void> {
    const count = this.#nextMicroBatches();
    for (let i = 0; i < count; i++) await this.microBatch.profileAndPrint();
    await this.update.profileAndPrint();
  }

  /** Returns the number of micro-batches of the next step, fewer at the end of the epoch, and advances the cursor. */
  #nextMicroBatches(): number {
    const { batchSize, microBatchSize } = this.accumulation;
    const samples = Math.min(batchSize, this.#epochSize - this.#cursor);
    this.#cursor += batchSize;
    return Math.ceil(samples / microBatchSize);
  }
}
