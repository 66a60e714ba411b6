/** A training step whose batch is taken in micro-batches: one program for each of them, one that ends the step. */
import type { Step } from '../engine/replay.js';
import type { Replayable } from './replay_loop.js';

export interface Accumulation {
  readonly epochSize: number;
  readonly batchSize: number;
  readonly microBatchSize: number;
}

export class AccumulatedStep implements Replayable {
  /** Where the next step's batch begins: what the device's cursor will be by then. */
  #cursor = 0;

  constructor(
    private readonly microBatch: Step,
    private readonly update: Step,
    private readonly accumulation: Accumulation,
  ) {}

  /** The next step begins at `cursor`. */
  begin(cursor: number): void {
    this.#cursor = cursor;
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

  /** How many the step has, fewer where the epoch ends within it; the cursor moves on. */
  #nextMicroBatches(): number {
    const { epochSize, batchSize, microBatchSize } = this.accumulation;
    const samples = Math.min(batchSize, epochSize - this.#cursor);
    this.#cursor += batchSize;
    return Math.ceil(samples / microBatchSize);
  }
}
