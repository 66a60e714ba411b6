/** Fixtures for tests of sessions: a data set and settings that train in a moment, and a built-in model. */
import { open } from '../../src/browser/open.js';
import type { LoadedDataset } from '../../src/data/loaded_dataset.js';
import { memoryFolder } from '../../src/memory_folder.js';
import { mlpModel } from '../../src/nn/models.js';
import { modelFile } from '../../src/nn/files/model_files.js';
import { makeRecipe } from '../../src/recipe/make_recipe.js';
import type { PageDataset, Settings } from '../../web/protocol.js';
import { bars } from '../device/small_model.js';

/** 360 training images, 40 left out. */
export const loaded: LoadedDataset = {
  name: 'bars',
  format: 'idx',
  train: bars(400),
  test: bars(60, 2),
  source: 'this test',
};

/** 12 steps per epoch, the last of them with 8 images. */
export const settings: Settings = makeRecipe<PageDataset>({
  dataset: 'digits',
  preset: 'quick',
  model: 'mlp',
  limit: null,
  epochs: 3,
  batchSize: 32,
  learningRate: 1e-2,
  seed: 7,
});

/** The model as a file. */
export async function shippedModel(): Promise<Uint8Array<ArrayBuffer>> {
  const device = await open();
  const bytes = await modelFile(mlpModel({ device, seed: 1, inputShape: [8, 8, 1], classes: 3 }));
  device.destroy();
  return bytes;
}

let lockCount = 0;

/** What a session in memory is made of, with its own files, lock and images. */
export function partsInMemory(shipped: Uint8Array<ArrayBuffer>) {
  return {
    source: { whole: async () => loaded, test: async () => loaded.test! },
    openFolder: async () => memoryFolder(),
    lockName: `test ${lockCount++}`,
    lockTimeoutMs: 50,
    saveEveryMs: 0,
    fetchBuiltIn: async () => ({ file: 'shipped', bytes: shipped, classNames: ['a', 'b', 'c'] }),
  };
}

/** The weights as text: equal only for equal bits. */
export function bitsOf(weights: ReadonlyMap<string, Float32Array>): string {
  return [...weights]
    .map(([name, values]) => `${name} ${new Uint32Array(values.slice().buffer).join()}`)
    .join('\n');
}
