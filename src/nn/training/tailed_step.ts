/** A step over batches of one size, and another program for the last, smaller batch of the epoch. */
import type { Step } from '../../engine/replay.js';
import type { Replayable } from './replay_loop.js';

/** For losses that are one number for the batch: they must not see the samples that fill up a smaller one. */
export class TailedStep implements Replayable {
  /** The start of the next step's batch. */
  #cursor = 0;

  constructor(
    private readonly whole: Step,
    private readonly tail: Step,
    private readonly batchSize: number,
    private readonly epochSize: number,
  ) {}

  /** Sets where the next step's batch starts. */
  begin(cursor: number): void {
    this.#cursor = cursor;
  }

  encode(encoder: GPUCommandEncoder, times = 1): void {
    for (let i = 0; i < times; i++) this.#next().encode(encoder);
  }

  async profileAndPrint(): Promise<void> {
    await this.#next().profileAndPrint();
  }

  /** The program of the next step; advances the cursor. */
  #next(): Step {
    this.#cursor += this.batchSize;
    return this.#cursor > this.epochSize ? this.tail : this.whole;
  }
}
