/** Predictions by the current model: on the device once it is ready, on the CPU until then. */
import { DeviceError, UsageError } from '../../src/errors.js';
import type { Model } from '../../src/nn/model.js';
import type { Prediction } from '../protocol.js';
import type { Context } from './context.js';
import type { CpuModel } from './cpu_model.js';
import { fetchScript } from './fetch_script.js';
import { BoundPrediction } from './predicting_bound.js';

type Predicted = Pick<Prediction, 'probabilities' | 'by'>;

/** A model's prediction on the device. `bound` is undefined while it compiles, and if that failed. */
interface Binding {
  readonly model: Model;
  bound?: BoundPrediction;
  /** Resolves when it is compiled or refused. */
  settled: Promise<void>;
}

const importCpuModel = async () => fetchScript(async () => import('./cpu_model.js'));

/** How long a prediction waits, in milliseconds, for a GPU to compile it before the CPU answers. */
const gpuPatienceMs = 300;

export class Predictions {
  #binding: Binding | undefined;
  /** Recorded once per model; it keeps the weights that were last read. */
  #cpu: { readonly model: Model; readonly cpuModel: CpuModel } | undefined;

  constructor(private readonly context: Context) {
    context.current.onReplaced(() => this.#forget());
  }

  /**
   * Predicts an image. Runs on the CPU until the device's kernels are compiled, and if there is no device. If the device is
   * lost, uses the weights that were last read. A GPU gets 300 ms to compile first.
   *
   * Throws: UsageError if the image does not have the size of the model's input; DeviceError, ModelError; FileError when the
   * CPU's script cannot be fetched.
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
    const bound = await this.#bound();
    if (!bound) return this.#onCpu(input);
    try {
      return { probabilities: await bound.predict(input), by: 'device' };
    } catch (error) {
      if (!isLost(error)) throw error;
      return this.#onCpu(input);
    }
  }

  /** Undefined while it compiles, and without a device. */
  async #bound(): Promise<BoundPrediction | undefined> {
    const device = this.context.device.current;
    const { model } = this.context.current;
    if (!device) return undefined;
    if (this.#binding?.model !== model) {
      this.#forget();
      this.#binding = this.#bind(model);
    }
    const binding = this.#binding;
    // A software device compiles for seconds, so the CPU answers at once.
    if (!binding.bound && device.traits.family === 'gpu')
      await Promise.race([binding.settled, new Promise((resolve) => setTimeout(resolve, gpuPatienceMs))]);
    return binding.bound;
  }

  #bind(model: Model): Binding {
    const binding: Binding = { model, settled: Promise.resolve() };
    binding.settled = this.#compile(binding);
    return binding;
  }

  /** Never rejects. */
  async #compile(binding: Binding): Promise<void> {
    try {
      const bound = await BoundPrediction.create(binding.model);
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
        const [weights, { CpuModel }] = await Promise.all([this.context.current.weights(), importCpuModel()]);
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
