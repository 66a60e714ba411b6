/**
 * Arrays and tensors as samples:
 *   floats of images give the bits of the images: fit in batches and micro-batches, augmented, evaluate, predict
 *   tensors stay on the device, and are not freed
 *   targets of any shape, and weights: the loss falls to that of the solution; samples of weight 0 do not count
 */
import { expect, it } from 'vitest';
import { Tensor } from '../../src/engine/tensor.js';
import { allData } from '../../src/nn/samples/all_data.js';
import { anyData } from '../../src/nn/samples/any_data.js';
import { dense, dropout, flatten } from '../../src/nn/layers/index.js';
import { meanSquaredError } from '../../src/nn/losses/index.js';
import { type Model, sequential } from '../../src/nn/model.js';
import { sgd } from '../../src/nn/optimizers/index.js';
import type { LabelledSamples, Samples } from '../../src/nn/samples/samples.js';
import type { FitOptions } from '../../src/nn/training/training.js';
import { useDevice } from '../device/device.js';
import { bars } from '../device/small_model.js';
import { weightBits } from '../device/weight_bits.js';

anyData.provide(allData);
const held = useDevice();

const images = bars(20);
const scale = Math.fround(1 / 255);
const floats = Float32Array.from(images.images, (byte) => byte * scale);
const options = { batchSize: 8, microBatchSize: 3, augmentation: { rotation: 10 } };

function small(): Model {
  const layers = [flatten({ inputShape: [8, 8, 1] }), dropout({ rate: 0.2 }), dense({ units: 3 })];
  const model = sequential(layers, { device: held.device });
  model.compile({ optimizer: sgd(), loss: 'sparseCategoricalCrossentropy' });
  return model;
}

async function results(samples: LabelledSamples & Samples, fit: FitOptions = options): Promise<unknown> {
  const model = small();
  const { metrics } = await model.fit(samples, { ...fit, validationData: samples });
  const found = [
    metrics,
    await weightBits(model),
    await model.evaluate(samples),
    await model.predict(samples),
  ];
  model.dispose();
  return found;
}

it('floats of images have the bits of the images', async () => {
  const x = Tensor.from(floats, [20, 8, 8], held.device);
  const u8 = Tensor.from(images.images as Uint8Array<ArrayBuffer>, [20, 8, 8, 1], held.device);
  const y = images.labels;
  const expected = await results(images);
  expect(await results({ x: floats, y })).toEqual(expected);
  expect(await results({ x, y: Tensor.from(Uint32Array.from(y), [20], held.device) })).toEqual(expected);
  const model = small();
  const evaluation = await model.evaluate(images);
  expect(await model.evaluate({ x: u8, y })).toEqual(evaluation);
  expect(await model.evaluate({ x: images, y })).toEqual(evaluation);
  model.dispose();
  expect(await x.data()).toEqual(floats);
});

it('targets of any shape and weights', async () => {
  const model = sequential([dense({ units: 2, inputShape: [3] })], { device: held.device });
  model.compile({ optimizer: sgd({ learningRate: 0.4 }), loss: meanSquaredError() });
  const rows = Array.from({ length: 32 }, (_, i) => [Math.sin(i), Math.cos(3 * i), Math.sin(7 * i)]);
  const y = rows.map(([a, b, c], i) => (i % 4 === 3 ? [99, 99] : [a! - 2 * b! + 1, b! + 0.5 * c!]));
  const sampleWeight = rows.map((_, i) => (i % 4 === 3 ? 0 : 1));
  await model.fit({ x: rows, y, sampleWeight }, { epochs: 25, batchSize: 8 });
  const found = await model.predict(rows);
  rows.forEach(([a, b, c], i) => {
    expect(found[2 * i]).toBeCloseTo(a! - 2 * b! + 1, 1);
    expect(found[2 * i + 1]).toBeCloseTo(b! + 0.5 * c!, 1);
  });
  model.dispose();
});
