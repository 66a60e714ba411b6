/**
 * Training over an iterable of batches has the bits of training over the whole set in order: in micro-batches, augmented, with a
 * smaller last batch, validated, evaluated, used for prediction, and resumed in mid-epoch. The iterator of a stopped training ends.
 */
import { expect, it } from 'vitest';
import { Tensor } from '../../src/engine/tensor.js';
import { allData } from '../../src/nn/samples/all_data.js';
import { anyData } from '../../src/nn/samples/any_data.js';
import { dense, dropout, flatten } from '../../src/nn/layers/index.js';
import { type Model, sequential } from '../../src/nn/model.js';
import { rmsprop } from '../../src/nn/optimizers/index.js';
import type { ArraySamples } from '../../src/nn/samples/samples.js';
import { useDevice } from '../device/device.js';
import { bars } from '../device/small_model.js';
import { weightBits } from '../device/weight_bits.js';

anyData.provide(allData);
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

it('steps on single batches have the bits of training over them', async () => {
  const [first, second] = [0, 8].map((from) => ({
    x: floats.slice(64 * from, 64 * (from + 8)),
    y: labels.slice(from, from + 8),
  })) as [ArraySamples, ArraySamples];
  const [whole, stepped] = [small(), small()];
  await whole.fit([first, second]);
  await stepped.trainOnBatch(first.x, first.y);
  const logs = await stepped.trainOnBatch(second.x, second.y);
  expect(Object.keys(logs)).toEqual(['loss', 'accuracy']);
  expect(await weightBits(stepped)).toEqual(await weightBits(whole));
  expect(await stepped.testOnBatch(first.x, first.y)).toEqual(await whole.evaluate(first));
  expect(await stepped.predictOnBatch(first.x)).toEqual(await whole.predict(first.x));
  for (const model of [whole, stepped]) model.dispose();
});

it('a part validates, and rare classes are shown more often', async () => {
  const model = small();
  const steps: number[] = [];
  const y = labels.map((label) => (label === 0 ? 0 : 1));
  const { metrics } = await model.fit(
    { x: Tensor.from(floats, [20, 8, 8, 1], held.device), y },
    {
      validationSplit: 0.2,
      oversample: true,
      batchSize: 8,
      callbacks: [
        { onTrainBegin: ({ samples, validationSamples }) => void steps.push(samples, validationSamples) },
      ],
    },
  );
  // Of 16 samples 6 are of class 0, and 10 of class 1.
  expect(steps).toEqual([20, 4]);
  expect(metrics['val_loss']).toHaveLength(1);
  model.dispose();
});
