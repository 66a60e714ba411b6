/** A set of one image on the device, for programs that process one image at a time. */
import { Tensor } from '../../src/engine/tensor.js';
import { stateSize, stateSpec, stateWords } from '../../src/kernels/step_state.js';
import { DeviceSet } from '../../src/nn/samples/device_set.js';
import type { TrainableModel } from '../../src/nn/trainable_model.js';

/** A set with a black image of the model's input size, to be overwritten, and a step state that selects it. */
export function oneImage({ device, inputShape }: Pick<TrainableModel, 'device' | 'inputShape'>): {
  readonly set: DeviceSet;
  readonly state: Tensor;
} {
  const [height, width, channels] = inputShape as [number, number, number];
  const images = new Uint8Array(height * width * channels);
  const set = new DeviceSet(device, { images, labels: [0], count: 1, height, width, channels });
  const words = new Uint32Array(stateSize);
  words[stateWords.epochSize] = 1;
  return { set, state: Tensor.from(words, stateSpec.shape, device) };
}
