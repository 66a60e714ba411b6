/**
 * Training over an iterable of batches has the bits of training over the whole set in order: in micro-batches, augmented, with a
 * smaller last batch, validated, evaluated, used for prediction, and resumed in mid-epoch. The iterator of a stopped training ends.
 */
import { expect, it } from 'vitest';
import { Tensor } from '../../src/engine/tensor.js';
import { allData } from '../../src/nn/all_data.js';
import { registerAnyData } from '../../src/nn/any_data.js';
import { dense, dropout, flatten } from '../../src/nn/layers/index.js';
import { type Model, sequential } from '../../src/nn/model.js';
import { rmsprop } from '../../src/nn/optimizers/index.js';
import type { ArraySamples } from '../../src/nn/samples.js';
import { useDevice } from '../device/device.js';
import { bars } from '../device/small_model.js';
import { weightBits } from '../device/weight_bits.js';

registerAnyData(allData);
const held = useDevice();

const { images, labels } = bars(20);
const floats = Float32Array.from(images, (byte) => byte / 255);
const samples = { x: floats, y: labels };

function small(): Model {
  const layers = [flatten({ inputShape: [8, 8, 1] }), dropout({ rate: 0.2 }), dense({ units: 3 })];
  const model = sequential(layers, { device: held.device });
  model.compile({ optimizer: rmsprop(), loss: 'sparseCategoricalCrossentropy' });
  return model;
}

let ended = 0;
/** 8, 8 and 4 samples; every second batch is in a tensor. */
async function* batches(size = 8): AsyncGenerator<ArraySamples> {
  try {
    for (let first = 0; first < 20; first += size) {
      await Promise.resolve();
      const x = floats.subarray(64 * first, 64 * (first + size));
      const isTensor = (first / size) % 2 === 1;
      const given = isTensor ? Tensor.from(x, [x.length / 64, 8, 8, 1], held.device) : x;
      yield { x: given, y: labels.slice(first, first + size) };
    }
  } finally {
    ended++;
  }
}

it('has the bits of the whole set', async () => {
  const options = { epochs: 2, microBatchSize: 3, augmentation: { rotation: 10 }, seed: 4 };
  const whole = small();
  const expected = await whole.fit(samples, {
    ...options,
    batchSize: 8,
    shuffle: false,
    validationData: samples,
  });
  const bits = await weightBits(whole);

  const streamed = small();
  const found = await streamed.fit(() => batches(), { ...options, validationData: () => batches(5) });
  expect(await weightBits(streamed)).toEqual(bits);
  const { val_loss: validation, ...metrics } = found.metrics;
  const { val_loss: expectedValidation, ...others } = expected.metrics;
  expect(metrics).toEqual(others);
  validation!.forEach((loss, i) => expect(loss).toBeCloseTo(expectedValidation![i]!, 5));
  expect(found.checkpoint.position).toEqual({ step: 6, epoch: 2, cursor: 0, sums: {} });
  expect(ended).toBe(4);

  expect((await streamed.evaluate(batches(7))).loss).toBeCloseTo((await whole.evaluate(samples)).loss, 5);
  expect(await streamed.predict(batches())).toEqual(await whole.predict(floats));

  const stopped = small();
  const control = new AbortController();
  const { checkpoint } = await stopped.fit(() => batches(), {
    ...options,
    signal: control.signal,
    callbacks: [{ onBatchBegin: (step) => (step === 1 ? control.abort() : undefined) }],
  });
  expect(checkpoint.position).toMatchObject({ step: 2, epoch: 0, cursor: 16 });
  expect(ended).toBe(7);
  await stopped.fit(() => batches(), { ...options, resume: checkpoint });
  expect(await weightBits(stopped)).toEqual(bits);
  for (const model of [whole, streamed, stopped]) model.dispose();
});
