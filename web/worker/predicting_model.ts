/** Predictions by the model of the moment: on the device when it is ready for them, on the processor until then. */
import { DeviceError, UsageError } from '../../src/errors.js';
import type { Model } from '../../src/nn/model.js';
import type { Prediction } from '../protocol.js';
import type { Context } from './context.js';
import { BoundPrediction } from './predicting_bound.js';
import { Processor } from './processor.js';

type Predicted = Pick<Prediction, 'probabilities' | 'by'>;

/** A model's prediction on the device: being compiled, compiled, or refused. */
interface Binding {
  readonly model: Model;
  bound?: BoundPrediction;
}

export class Predictions {
  #binding: Binding | undefined;
  /** With the weights as they were last on the host. */
  #processor: { readonly model: Model; readonly processor: Processor } | undefined;

  constructor(private readonly context: Context) {
    context.onModelReplaced(() => this.#forget());
  }

  /**
   * What the model makes of an image. Until the device's kernels are compiled, and where there is none, the processor
   * answers; so it does when the device is lost, with the weights that it knows.
   *
   * Throws: UsageError when the image is not of the size that the model takes; DeviceError, ModelError.
   */
  async of(input: Uint8Array<ArrayBuffer>): Promise<Prediction> {
    const { inputShape } = this.context.model;
    const size = inputShape.reduce((product, extent) => product * extent, 1);
    if (input.length !== size)
      throw new UsageError(
        `predict: the image has ${input.length} values, but the model takes [${inputShape.join(',')}], ${size} values.`,
      );
    const begun = performance.now();
    const { probabilities, by } = await this.#predict(input);
    return { input, probabilities, ms: performance.now() - begun, by };
  }

  async #predict(input: Uint8Array<ArrayBuffer>): Promise<Predicted> {
    const bound = this.#bound();
    if (!bound) return this.#onProcessor(input);
    try {
      return { probabilities: await bound.predict(input), by: 'device' };
    } catch (error) {
      if (!isLost(error)) throw error;
      return this.#onProcessor(input);
    }
  }

  /** Undefined while it is being made, and where there is no device. */
  #bound(): BoundPrediction | undefined {
    const { device, model } = this.context;
    if (!device) return undefined;
    if (this.#binding?.model !== model) {
      this.#forget();
      void this.#bind(model); // not awaited: until it is done the processor answers
    }
    return this.#binding?.bound;
  }

  async #bind(model: Model): Promise<void> {
    const binding: Binding = { model };
    this.#binding = binding;
    try {
      const bound = await BoundPrediction.create(model);
      if (this.#binding === binding) binding.bound = bound;
      else bound.dispose();
    } catch (error) {
      // A lost device has its own message, and a model that was replaced meanwhile needs none.
      if (isLost(error) || this.#binding !== binding) return;
      const text = `The graphics processor cannot predict, so the processor does. ${String(error)}`;
      this.context.emit('note', { level: 'warning', text });
    }
  }

  async #onProcessor(input: Uint8Array): Promise<Predicted> {
    const { model } = this.context;
    try {
      // Where there is a device the weights may have changed since the last time.
      if (this.context.device || this.#processor?.model !== model)
        this.#processor = { model, processor: new Processor(model, await this.context.weights()) };
    } catch (error) {
      if (!isLost(error) || !this.#processor) throw error;
    }
    return { probabilities: this.#processor.processor.predict(input), by: 'processor' };
  }

  #forget(): void {
    this.#binding?.bound?.dispose();
    this.#binding = undefined;
  }
}

function isLost(error: unknown): boolean {
  return error instanceof DeviceError && error.problem === 'lost';
}
