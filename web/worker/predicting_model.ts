/** Predictions by the current model: on the device once it is ready, on the CPU until then. */
import { DeviceError, UsageError } from '../../src/errors.js';
import type { Model } from '../../src/nn/model.js';
import type { Prediction } from '../protocol.js';
import type { Context } from './context.js';
import { CpuModel } from './cpu_model.js';
import { BoundPrediction } from './predicting_bound.js';

type Predicted = Pick<Prediction, 'probabilities' | 'by'>;

/** A model's prediction on the device. `bound` is undefined while it compiles, and if that failed. */
interface Binding {
  readonly model: Model;
  bound?: BoundPrediction;
}

export class Predictions {
  #binding: Binding | undefined;
  /** Recorded once per model; it keeps the weights that were last read. */
  #cpu: { readonly model: Model; readonly cpuModel: CpuModel } | undefined;

  constructor(private readonly context: Context) {
    context.current.onReplaced(() => this.#forget());
  }

  /**
   * Predicts an image. Runs on the CPU until the device's kernels are compiled, and if there is no device. If the device is
   * lost, uses the weights that were last read.
   *
   * Throws: UsageError if the image does not have the size of the model's input; DeviceError, ModelError.
   */
  async of(input: Uint8Array<ArrayBuffer>): Promise<Prediction> {
    const { inputShape } = this.context.current.model;
    const size = inputShape.reduce((product, extent) => product * extent, 1);
    if (input.length !== size)
      throw new UsageError(
        `predict: the image has ${input.length} values, expected ${size}, as the model's input is [${inputShape.join(',')}].`,
      );
    const begun = performance.now();
    const { probabilities, by } = await this.#predict(input);
    return { input, probabilities, ms: performance.now() - begun, by };
  }

  async #predict(input: Uint8Array<ArrayBuffer>): Promise<Predicted> {
    const bound = this.#bound();
    if (!bound) return this.#onCpu(input);
    try {
      return { probabilities: await bound.predict(input), by: 'device' };
    } catch (error) {
      if (!isLost(error)) throw error;
      return this.#onCpu(input);
    }
  }

  /** Undefined while it compiles, and without a device. */
  #bound(): BoundPrediction | undefined {
    const device = this.context.device.current;
    const { model } = this.context.current;
    if (!device) return undefined;
    if (this.#binding?.model !== model) {
      this.#forget();
      void this.#bind(model); // not awaited: the CPU predicts in the meantime
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
      const text = `Predictions run on the CPU, because the GPU cannot run this model: ${String(error)}`;
      this.context.events.note('warning', text);
    }
  }

  async #onCpu(input: Uint8Array): Promise<Predicted> {
    const { model } = this.context.current;
    let known = this.#cpu?.model === model ? this.#cpu : undefined;
    try {
      // A training on the device may have changed the weights since the last time.
      if (this.context.device.current || !known) {
        const weights = await this.context.current.weights();
        known ??= { model, cpuModel: new CpuModel(model) };
        known.cpuModel.setWeights(weights);
        this.#cpu = known;
      }
    } catch (error) {
      known ??= this.#cpu;
      if (!isLost(error) || !known) throw error;
    }
    return { probabilities: known.cpuModel.predict(input), by: 'cpu' };
  }

  #forget(): void {
    this.#binding?.bound?.dispose();
    this.#binding = undefined;
  }
}

function isLost(error: unknown): boolean {
  return error instanceof DeviceError && error.problem === 'lost';
}
