/** The outputs of one layer for several images, from a program that is replayed batch by batch. */
import { program } from '../../src/engine/program.js';
import { Tensor } from '../../src/engine/tensor.js';
import type { AugmentOptions } from '../../src/augment_options.js';
import { stateSize, stateSpec, stateWords } from '../../src/kernels/step_state.js';
import { DeviceSet } from '../../src/nn/samples/device_set.js';
import { augmentedBy } from '../../src/nn/samples/augmented_inputs.js';
import { gatherInputs } from '../../src/nn/network/inputs.js';
import type { LabelledImages } from '../../src/nn/samples/samples.js';
import type { Model } from '../../src/nn/model.js';
import { loadTrainingShaders } from './family_shaders.js';

export interface FeatureOptions {
  /** Name of the layer. */
  readonly layer: string;
  /** Rows per image: the first variant of every image, then the second of every image, and so on. Default 1. */
  readonly variantsPerImage?: number;
  /** Differs in each row. Default: none. */
  readonly augmentation?: AugmentOptions;
  /** Seed of the augmentation. */
  readonly seed: number;
}

/** Small enough to limit the memory of the largest model's feature maps, large enough to hide the cost of dispatches. */
const batchSize = 16;

/** A row per image and variant, computed as in prediction. Throws: DeviceError. */
export async function featuresOf(
  model: Model,
  images: LabelledImages,
  { layer, variantsPerImage = 1, augmentation, seed }: FeatureOptions,
): Promise<Float32Array[]> {
  const { device, preprocessing } = model;
  if (augmentation) await loadTrainingShaders(device);
  const set = new DeviceSet(device, images, { variantsPerImage });
  const state = Tensor.zeros(stateSpec, device);
  const resources: { dispose(): void }[] = [set, state];
  const rows = set.epochSize;
  const batch = Math.min(batchSize, rows);
  const record = (): Tensor => {
    const { x } = gatherInputs(set, state, { batch, preprocessing, augment: augmentedBy(augmentation) });
    return model.layerOutputs(x, { isTraining: false, state }).get(layer)!;
  };
  try {
    const { step, outputs } = await program(record, device).bind();
    resources.push(step, outputs);
    const width = outputs.size / batch;
    const features: Float32Array[] = [];
    const words = new Uint32Array(stateSize);
    words[stateWords.seed] = seed;
    words[stateWords.epochSize] = rows;
    for (let cursor = 0; cursor < rows; cursor += batch) {
      words[stateWords.cursor] = cursor;
      state.write(words);
      step.run();
      const values = (await outputs.data()) as Float32Array;
      for (let row = 0; row < Math.min(batch, rows - cursor); row++)
        features.push(values.subarray(row * width, (row + 1) * width));
    }
    return features;
  } finally {
    for (const resource of resources) resource.dispose();
  }
}
