/** Batches from an iterable: data that is larger than memory, or made while training runs. */
import { Tensor } from '../../engine/tensor.js';
import { UsageError } from '../../errors.js';
import { shown, wrong } from '../../options.js';
import type { BatchSource, BatchTarget, StreamOptions } from './any_data.js';
import type { Column, SampleSet } from './columns.js';
import type { Position } from '../training/checkpoint.js';
import { isImageSet } from './samples.js';

type Batches = Iterable<unknown> | AsyncIterable<unknown>;

/** Whether it is an iterable of batches, or a function that returns one. An array is one if its entries are sets. */
export function isBatches(samples: unknown): boolean {
  if (typeof samples === 'function') return true;
  if (typeof samples !== 'object' || samples === null) return false;
  if (samples instanceof Tensor || ArrayBuffer.isView(samples)) return false;
  if (!Array.isArray(samples)) return Symbol.iterator in samples || Symbol.asyncIterator in samples;
  const first: unknown = samples[0];
  return isImageSet(first) || (typeof first === 'object' && first !== null && 'x' in first);
}

/**
 * Draws batches, one ahead: while the device works on a batch, the next one is fetched. An epoch ends after `steps` batches, or with
 * the iterable. With `steps`, an iterable that is not made by a function continues in the next epoch; otherwise each epoch
 * iterates again from the start.
 */
export class BatchStream implements BatchSource {
  readonly #steps: number | undefined;
  #iterator: Iterator<unknown> | AsyncIterator<unknown> | undefined;
  /** The epoch that the iterator was opened for. */
  #epoch = -1;
  /** Batches of the epoch that were loaded. */
  #index = 0;
  /** Batches that the iterator has given. */
  #drawn = 0;
  #next: Promise<SampleSet | undefined> | undefined;
  #ready: SampleSet | undefined;
  #shape: SampleSet | undefined;
  #isOver = false;
  #batchSize: number;

  constructor(
    private readonly who: string,
    private readonly source: unknown,
    private readonly read: (who: string, batch: unknown) => SampleSet | Promise<SampleSet>,
    { steps, batchSize }: StreamOptions,
  ) {
    this.#steps = steps;
    this.#batchSize = batchSize ?? 0;
  }

  get batchSize(): number {
    return this.#batchSize;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Whether one iterator serves all epochs. */
  get #isContinuous(): boolean {
    return this.#steps !== undefined && typeof this.source !== 'function';
  }

  async first(epoch: number): Promise<SampleSet> {
    this.#open(epoch);
    if (!(await this.hasNext())) throw this.#empty();
    const { count, columns } = this.#ready!;
    this.#batchSize ||= count;
    this.#checkCount(this.#ready!);
    // Every batch is copied to the memory of this set.
    const copy: Column['copy'] = () => undefined;
    this.#shape = {
      count: this.#batchSize,
      columns: columns.map(({ kind, name, shape, dtype }) => ({ kind, name, shape, dtype, copy })),
    };
    return this.#shape;
  }

  async begin({ epoch, cursor }: Pick<Position, 'epoch' | 'cursor'>): Promise<void> {
    const done = cursor / this.batchSize;
    this.#isOver = false;
    if (this.#epoch !== epoch && !this.#isContinuous) {
      await this.close();
      this.#open(epoch);
    }
    const skipped = this.#isContinuous ? epoch * this.#steps! + done : done;
    this.#index = 0;
    // What a training had used before it was interrupted.
    while (this.#drawn - (this.#ready || this.#next ? 1 : 0) < skipped) {
      this.#next ??= this.#fetch();
      if (!(await this.#next)) break;
      this.#next = this.#ready = undefined;
    }
    this.#index = done;
  }

  async hasNext(): Promise<boolean> {
    const { who } = this;
    if (this.#index === this.#steps) {
      this.#isOver = true;
      if (!this.#isContinuous) await this.close();
      return false;
    }
    this.#next ??= this.#fetch();
    this.#ready = await this.#next;
    if (this.#ready) return true;
    if (this.#index === 0) throw this.#empty();
    if (this.#steps !== undefined)
      throw new UsageError(
        `${who}: the batches ended after ${this.#index} of ${this.#steps} steps of epoch ${this.#epoch + 1}; give fewer steps, or batches without an end.`,
      );
    this.#isOver = true;
    return false;
  }

  load(set: BatchTarget): number {
    const batch = this.#ready!;
    batch.columns.forEach((column, i) => fill(set, i, column, batch.count));
    // Entries count modulo the rows of the set, and key the augmentation.
    const first = this.#index * set.permutation.size;
    set.permutation.write(Uint32Array.from({ length: set.permutation.size }, (_, i) => first + i));
    this.#index++;
    this.#next = this.#ready = undefined;
    if (this.#index !== this.#steps) this.#next = this.#fetch();
    return batch.count;
  }

  async close(): Promise<void> {
    const iterator = this.#iterator;
    this.#iterator = this.#next = this.#ready = undefined;
    await iterator?.return?.();
  }

  #open(epoch: number): void {
    const { source, who } = this;
    const batches = (
      typeof source === 'function' ? (source as (epoch: number) => unknown)(epoch) : source
    ) as Batches;
    const made: unknown = batches;
    if (typeof made !== 'object' || made === null)
      throw wrong(who, 'the result of the function', made, 'an iterable or async iterable of batches');
    if (Symbol.asyncIterator in batches) this.#iterator = batches[Symbol.asyncIterator]();
    else if (Symbol.iterator in batches) this.#iterator = batches[Symbol.iterator]();
    else throw wrong(who, 'the result of the function', made, 'an iterable or async iterable of batches');
    this.#epoch = epoch;
    this.#drawn = 0;
  }

  #fetch(): Promise<SampleSet | undefined> {
    const next = this.#fetched();
    // The caller that awaits it handles a rejection; this no-op catch keeps Node from reporting it as unhandled before.
    void next.catch(() => undefined);
    return next;
  }

  async #fetched(): Promise<SampleSet | undefined> {
    const iterator = this.#iterator;
    if (!iterator) return undefined;
    let result: IteratorResult<unknown>;
    try {
      result = await iterator.next();
    } catch (error) {
      // An iterator that threw has ended.
      this.#iterator = undefined;
      throw error;
    }
    if (result.done) {
      this.#iterator = undefined;
      return undefined;
    }
    this.#drawn++;
    const batch = await this.read(`${this.who}: batch ${this.#drawn}`, result.value);
    if (this.#shape) this.#check(batch, this.#shape);
    return batch;
  }

  /** Throws: UsageError for a batch unlike the first. */
  #check(batch: SampleSet, { columns }: SampleSet): void {
    this.#checkCount(batch);
    columns.forEach(({ kind, name, dtype }, i) => {
      const found = batch.columns[i];
      if (found?.kind === kind && found.name === name && found.dtype === dtype) return;
      throw new UsageError(
        `${this.who}: batch ${this.#drawn} has ${found ? `${found.dtype} values as the ${found.kind}` : 'no'} ${name}, expected the ${kind} ${name} in ${dtype}, as in the first batch.`,
      );
    });
  }

  #checkCount({ count }: SampleSet): void {
    if (count > this.batchSize)
      throw new UsageError(
        `${this.who}: batch ${this.#drawn} has ${count} samples, expected at most ${this.batchSize}; pass the largest size as batchSize.`,
      );
  }

  #empty(): UsageError {
    const again =
      this.#epoch > 0 && typeof this.source !== 'function'
        ? ', perhaps because it can be iterated only once; pass a function that returns an iterable for each epoch'
        : '';
    return new UsageError(
      `${this.who}: ${shown(this.source)} has no batch in epoch ${this.#epoch + 1}${again}.`,
    );
  }
}

/** Copies the rows of a batch to a column of the set. */
function fill(
  { columns, device }: BatchTarget,
  index: number,
  { tensors, copy, shape }: Column,
  count: number,
): void {
  let first = 0;
  for (const part of columns[index]!.parts) {
    const rows = part.shape[0] as number;
    const [tensor] = tensors ?? [];
    if (tensor) {
      const size = shape.reduce((product, extent) => product * extent, 1) * (part.dtype === 'u8' ? 1 : 4);
      const bytes = Math.ceil((Math.min(rows, count - first) * size) / 4) * 4;
      const { buffer, offset } = tensor.storage;
      if (bytes > 0)
        device.copy([
          { from: { buffer, offset: offset + first * size, byteLength: bytes }, to: part.storage },
        ]);
    } else {
      const values = new { u8: Uint8Array, u32: Uint32Array, f32: Float32Array }[
        part.dtype as 'u8' | 'u32' | 'f32'
      ](part.size);
      copy(values, first);
      part.write(values);
    }
    first += rows;
  }
}
