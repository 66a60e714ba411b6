/**
 * What is running on a model. A training changes the weights from step to step; an evaluation or prediction reads them batch
 * by batch and must see one state of them. Therefore a model has at most one training, which submits no step while the model
 * is being read, and calls that would change the weights between two steps are refused.
 */
import { StateError } from '../../errors.js';
import type { Optimizer } from '../optimizers/optimizer.js';

/** The optimizers of running trainings: a callback that changes a rate must only affect its own training. */
const optimizersAtWork = new WeakSet<Optimizer>();

const endFit = 'await it, or abort it with its signal, first';

export class Activity {
  #isTraining = false;
  /** Whether training or validation steps are being submitted; false while one of their callbacks is awaited. */
  #isStepping = false;
  /** The names of the calls that are reading the weights. */
  readonly #readers = new Map<Promise<unknown>, string>();

  /** `model`: the model's name, for messages. */
  constructor(private readonly model: string) {}

  /** Throws: StateError if the model is already being trained or read, or its optimizer is training another model. */
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

  /** Marks the part of a training that submits training or validation steps. */
  async step<R>(work: () => Promise<R>): Promise<R> {
    this.#isStepping = true;
    try {
      return await work();
    } finally {
      this.#isStepping = false;
    }
  }

  /** Runs a callback within that part: steps wait for it, so it may change the weights. */
  async hook(work: () => void | Promise<void>): Promise<void> {
    const wasStepping = this.#isStepping;
    this.#isStepping = false;
    try {
      await work();
    } finally {
      this.#isStepping = wasStepping;
    }
  }

  /** Runs an evaluation or prediction: the next step of a training waits for it. */
  async read<R>(who: string, work: () => Promise<R>): Promise<R> {
    const reading = work();
    this.#readers.set(reading, who);
    try {
      return await reading;
    } finally {
      this.#readers.delete(reading);
    }
  }

  /** Resolves when all current readers have finished; undefined if there are none. */
  whenRead(): Promise<unknown> | undefined {
    return this.#readers.size === 0 ? undefined : Promise.allSettled(this.#readers.keys());
  }

  /** Throws: StateError if `who`, which changes weights, is called between the steps of a training or the batches of a reader. */
  assertWritable(who: string): void {
    if (this.#isStepping)
      throw this.#refusal(who, 'fit', `call ${who} from one of its callbacks, or when it has ended`);
    if (!this.#isTraining) this.#assertUnread(who);
  }

  /** Throws: StateError if `who`, which removes what a training needs, is called during one. */
  assertUntrained(who: string): void {
    if (this.#isTraining) throw this.#refusal(who, 'fit', endFit);
  }

  #assertUnread(who: string): void {
    const [reader] = this.#readers.values();
    if (reader !== undefined) throw this.#refusal(who, reader, 'await it first');
  }

  #refusal(who: string, what: string, remedy: string): StateError {
    return new StateError(`${who}: ${what} is running on model '${this.model}'; ${remedy}.`);
  }
}
