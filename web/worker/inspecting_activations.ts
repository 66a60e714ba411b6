/** The output of every layer for one image, from a program that is bound once and replayed for each image. */
import type { Step } from '../../src/engine/replay.js';
import { program } from '../../src/engine/program.js';
import type { Tensor } from '../../src/engine/tensor.js';
import { withScope } from '../../src/engine/trace.js';
import type { DeviceSet } from '../../src/nn/samples/device_set.js';
import { gatherInputs } from '../../src/nn/network/inputs.js';
import { logitsOf } from '../../src/nn/losses/softmax_crossentropy.js';
import type { Model } from '../../src/nn/model.js';
import type { LayerActivation } from '../protocol.js';
import { oneImage } from './one_image.js';

/** Class names of the two entries that are not layers. */
const inputClass = 'Input';
const softmaxClass = 'Softmax';

export class Activations {
  private constructor(
    private readonly model: Model,
    private readonly set: DeviceSet,
    private readonly state: Tensor,
    private readonly step: Step,
    private readonly outputs: readonly Tensor[],
  ) {}

  /** Throws: DeviceError if the device is lost. */
  static async create(model: Model): Promise<Activations> {
    const { device, preprocessing } = model;
    const { set, state } = oneImage(model);
    const record = (): Tensor[] => {
      const { x } = withScope('inputs', () => gatherInputs(set, state, { batch: 1, preprocessing }));
      const outputs = [...model.layerOutputs(x, { isTraining: false, state }).values()];
      const output = outputs.at(-1)!;
      const logits = logitsOf(output);
      return [x, ...outputs.slice(0, -1), ...(logits ? [logits] : []), output];
    };
    try {
      const bound = await program(record, device).bind();
      return new Activations(model, set, state, bound.step, bound.outputs);
    } catch (error) {
      set.dispose();
      state.dispose();
      throw error;
    }
  }

  /**
   * The input of the first layer, then the output of each layer; if the model ends in a softmax, the logits and then the
   * probabilities. All use the same weights, even while a training runs.
   *
   * Throws: ShapeError if the image does not have the size of the model's input; DeviceError if the device is lost.
   */
  async of(input: Uint8Array<ArrayBuffer>): Promise<LayerActivation[]> {
    const { model, outputs } = this;
    this.set.writeImages(input);
    this.step.run();
    // All copies are submitted before the first is awaited, so that no step comes between them.
    const values = await Promise.all(outputs.map((output) => output.data()));
    const entries = [
      { layer: 'input', className: inputClass },
      ...model.layers.map(({ layer, name }) => ({ layer: name, className: layer.className })),
      { layer: model.layers.at(-1)!.name, className: softmaxClass },
    ];
    // Without a softmax there are no logits, and the last entry is not used.
    return outputs.map((output, i) => ({
      ...entries[i]!,
      shape: output.shape.slice(1),
      values: values[i] as Float32Array<ArrayBuffer>,
    }));
  }

  dispose(): void {
    for (const resource of [this.step, ...this.outputs, this.set, this.state]) resource.dispose();
  }
}
