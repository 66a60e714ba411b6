/**
 * What is under way on a model. A training changes the weights from step to step; an evaluation or a prediction reads them
 * batch by batch and must see those of one moment. So there is one training at a time, which submits no step while the
 * model is read, and what would change the weights between two of its steps is refused.
 */
import { StateError } from '../errors.js';
import type { Optimizer } from './optimizers/optimizer.js';

/** The optimizers of the trainings under way: a callback that changes a rate means its own training's. */
const optimizersAtWork = new WeakSet<Optimizer>();

const endFit = 'await it, or abort it with its signal, first';

export class Activity {
  #isTraining = false;
  /** Whether steps are submitted, or validated; false while one of their callbacks is awaited. */
  #isStepping = false;
  /** The calls that read the weights, with their names. */
  readonly #readers = new Map<Promise<unknown>, string>();

  /** `model` is its name, for errors. */
  constructor(private readonly model: string) {}

  /** Throws: StateError when the model is trained or read already, or its optimizer trains another model. */
  async train<R>(optimizer: Optimizer, work: () => Promise<R>): Promise<R> {
    if (this.#isTraining) throw this.#refusal('fit', 'another fit', endFit);
    this.#assertUnread('fit');
    if (optimizersAtWork.has(optimizer)) {
      throw new StateError(
        `fit: the optimizer of model '${this.model}' is training another model; compile each model with an optimizer of its own.`,
      );
    }
    this.#isTraining = true;
    optimizersAtWork.add(optimizer);
    try {
      return await work();
    } finally {
      this.#isTraining = false;
      optimizersAtWork.delete(optimizer);
    }
  }

  /** The part of a training in which steps, or those of its validation, are under way. */
  async step<R>(work: () => Promise<R>): Promise<R> {
    this.#isStepping = true;
    try {
      return await work();
    } finally {
      this.#isStepping = false;
    }
  }

  /** A callback within that part: steps wait for it, so it may change the weights. */
  async hook(work: () => void | Promise<void>): Promise<void> {
    const wasStepping = this.#isStepping;
    this.#isStepping = false;
    try {
      await work();
    } finally {
      this.#isStepping = wasStepping;
    }
  }

  /** An evaluation or prediction: the next step of a training waits until it has ended. */
  async read<R>(who: string, work: () => Promise<R>): Promise<R> {
    const reading = work();
    this.#readers.set(reading, who);
    try {
      return await reading;
    } finally {
      this.#readers.delete(reading);
    }
  }

  /** Resolves when what reads the weights now has ended; undefined where nothing does. */
  whenRead(): Promise<unknown> | undefined {
    return this.#readers.size === 0 ? undefined : Promise.allSettled(this.#readers.keys());
  }

  /** Throws: StateError for `who`, which changes weights, between the steps of a training or the batches of a reader. */
  assertWritable(who: string): void {
    if (this.#isStepping)
      throw this.#refusal(who, 'fit', `call ${who} from one of its callbacks, or when it has ended`);
    if (!this.#isTraining) this.#assertUnread(who);
  }

  /** Throws: StateError for `who`, which takes away what a training works on. */
  assertUntrained(who: string): void {
    if (this.#isTraining) throw this.#refusal(who, 'fit', endFit);
  }

  #assertUnread(who: string): void {
    const [reader] = this.#readers.values();
    if (reader !== undefined) throw this.#refusal(who, reader, 'await it first');
  }

  #refusal(who: string, what: string, remedy: string): StateError {
    return new StateError(`${who}: ${what} is under way on model '${this.model}'; ${remedy}.`);
  }
}
