/** A model's prediction of one image, bound to the device once: each call writes the image's bytes and replays. */
import { program } from '../../src/engine/program.js';
import type { Step } from '../../src/engine/replay.js';
import type { Tensor } from '../../src/engine/tensor.js';
import type { DeviceSet } from '../../src/nn/samples/device_set.js';
import { recordPrediction } from '../../src/nn/training/evaluator.js';
import type { TrainableModel } from '../../src/nn/trainable_model.js';
import { oneImage } from './one_image.js';

export class BoundPrediction {
  private constructor(
    readonly model: TrainableModel,
    private readonly set: DeviceSet,
    private readonly state: Tensor,
    private readonly step: Step,
    private readonly outputs: Tensor,
  ) {}

  /** Compiles the forward pass for one image. Throws: DeviceError. */
  static async create(model: TrainableModel): Promise<BoundPrediction> {
    const { set, state } = oneImage(model);
    try {
      const predict = program(() => recordPrediction(model, set, state, 1), model.device);
      const { step, outputs } = await predict.bind();
      return new BoundPrediction(model, set, state, step, outputs);
    } catch (error) {
      set.dispose();
      state.dispose();
      throw error;
    }
  }

  /**
   * Calls may overlap: each submits its commands synchronously, and the device's queue runs them in order. While a training
   * runs on the same device, a prediction sees the weights between two steps.
   *
   * Shapes: input H·W·C bytes → [classes]. Throws: DeviceError if the device is lost.
   */
  async predict(input: Uint8Array<ArrayBuffer>): Promise<Float32Array<ArrayBuffer>> {
    this.set.writeImages(input);
    this.step.run();
    return (await this.outputs.data()) as Float32Array<ArrayBuffer>;
  }

  dispose(): void {
    this.step.dispose();
    for (const resource of [this.set, this.state, this.outputs]) resource.dispose();
  }
}
