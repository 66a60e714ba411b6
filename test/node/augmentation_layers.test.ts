/**
 * Layers that change images in training, on a device: a network with all of them trains to the same bits again, in micro-batches
 * up to rounding, and after a resume; what it predicts it also predicts from a file. Gradients pass through them.
 */
import { expect, it } from 'vitest';
import * as layers from '../../src/nn/layers/index.js';
import { layerClasses } from '../../src/nn/layers/class_names.js';
import { registerLayers } from '../../src/nn/layers/registry.js';
import { modelFile, modelFromFile } from '../../src/nn/files/model_files.js';
import { type Model, sequential } from '../../src/nn/model.js';
import { sgd } from '../../src/nn/optimizers/index.js';
import { useDevice } from '../device/device.js';
import { bars } from '../device/small_model.js';
import { weightBits } from '../device/weight_bits.js';

useDevice();
registerLayers(layerClasses);

function augmented(): Model {
  const made = sequential([
    layers.randomFlip({ mode: 'horizontal', inputShape: [8, 8, 1] }),
    layers.conv2d({ filters: 4, kernelSize: 3, padding: 'same', activation: 'relu' }),
    layers.randomRotation({ factor: 0.05 }),
    layers.randomTranslation({ heightFactor: 0.05, widthFactor: 0.1, fillMode: 'wrap' }),
    layers.randomZoom({ heightFactor: 0.1, fillMode: 'nearest' }),
    layers.zeroPadding2d({ padding: 1 }),
    layers.randomCrop({ height: 8, width: 8 }),
    layers.randomContrast({ factor: 0.1, valueRange: [0, 4] }),
    layers.randomBrightness({ factor: 0.05, valueRange: [0, 4] }),
    layers.randomErasing({ factor: 0.5, scale: [0.02, 0.1], fillValue: 0 }),
    layers.flatten(),
    layers.dense({ units: 3, activation: 'softmax' }),
  ]);
  made.compile({ optimizer: sgd({ learningRate: 0.2 }), loss: 'sparseCategoricalCrossentropy' });
  return made;
}

it('a network of all of them trains, resumes and loads', async () => {
  const set = bars(48);
  const options = { batchSize: 16, seed: 4 };
  const whole = augmented();
  const { metrics, checkpoint } = await whole.fit(set, { epochs: 8, ...options });
  expect(metrics.loss!.at(-1)).toBeLessThan(0.7 * metrics.loss![0]!);

  const parts = augmented();
  await parts.fit(set, { epochs: 8, microBatchSize: 5, ...options });
  const [a, b] = [await whole.weights(), await parts.weights()];
  for (const [name, values] of a)
    values.forEach((value, i) => expect(b.get(name)![i], name).toBeCloseTo(value, 3));

  const first = augmented();
  const { checkpoint: half } = await first.fit(set, { epochs: 4, ...options });
  await first.fit(set, { epochs: 8, resume: half, ...options });
  expect(await weightBits(first)).toEqual(await weightBits(whole));

  const loaded = modelFromFile(await modelFile(whole, { checkpoint }));
  expect(await loaded.predict(set)).toEqual(await whole.predict(set));
  expect((await loaded.evaluate(set)).accuracy).toBeGreaterThan(0.9);
});
