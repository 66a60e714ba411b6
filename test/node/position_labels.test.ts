/**
 * Labels of each pixel: a network of convolutions learns them, whole and in micro-batches, with metrics by name, from nested lists
 * and from batches; `ignoreClass` leaves pixels out; what does not fit is refused.
 */
import { expect, it } from 'vitest';
import { anyData } from '../../src/nn/samples/any_data.js';
import { allData } from '../../src/nn/samples/all_data.js';
import { conv2d } from '../../src/nn/layers/index.js';
import * as losses from '../../src/nn/losses/index.js';
import { auc } from '../../src/nn/metrics/index.js';
import type { Loss } from '../../src/nn/losses/loss.js';
import { type Model, sequential } from '../../src/nn/model.js';
import { adam } from '../../src/nn/optimizers/index.js';
import { pcg4d, uniform } from '../../src/random.js';
import { useDevice } from '../device/device.js';

useDevice();
anyData.provide(allData);

const [N, S] = [24, 6];
const x = Float32Array.from({ length: N * S * S }, (_, i) => uniform(pcg4d(1, 0, 0, i)[0]));
/** Dark, middle, bright. */
const y = Uint8Array.from(x, (value) => Math.min(2, Math.floor(3 * value)));

function compiled(loss: Loss | 'sparseCategoricalCrossentropy' = 'sparseCategoricalCrossentropy'): Model {
  const made = sequential(
    [
      conv2d({ filters: 8, kernelSize: 1, activation: 'relu', inputShape: [S, S, 1] }),
      conv2d({ filters: 3, kernelSize: 1, activation: 'softmax' }),
    ],
    { seed: 2 },
  );
  made.compile({
    optimizer: adam({ learningRate: 0.05 }),
    loss,
    metrics: ['f1Score', auc({ numThresholds: 20 }), 'topKCategoricalAccuracy'],
  });
  return made;
}

it('are learned, also in micro-batches, from lists and from batches', async () => {
  const whole = compiled();
  await whole.fit({ x, y }, { epochs: 30, batchSize: 10, shuffle: false });
  const { loss, accuracy, ...metrics } = await whole.evaluate({ x, y });
  expect(loss).toBeLessThan(0.35);
  expect(accuracy).toBeGreaterThan(0.85);
  expect(metrics.f1Score).toBeGreaterThan(0.8);
  expect(metrics.auc).toBeGreaterThan(0.9);
  expect(metrics.topKCategoricalAccuracy).toBe(1);
  // The same as the predictions say.
  const predicted = await whole.predict(x);
  const values = predicted as unknown as ArrayLike<number>;
  expect(values.length).toBe(N * S * S * 3);
  let [right, total] = [0, 0];
  y.forEach((label, i) => {
    const row = [0, 1, 2].map((k) => values[3 * i + k]!);
    right += row.indexOf(Math.max(...row)) === label ? 1 : 0;
    total -= Math.log(row[label]!);
  });
  expect(accuracy).toBeCloseTo(right / y.length, 6);
  expect(loss).toBeCloseTo(total / y.length, 5);

  const weightsAfter = async (train: (model: Model) => Promise<unknown>): Promise<Float32Array> => {
    const model = compiled();
    await train(model);
    return Float32Array.from([...(await model.weights()).values()].flatMap((each) => [...each]));
  };
  const options = { epochs: 2, batchSize: 8, shuffle: false };
  const expected = await weightsAfter((model) => model.fit({ x, y }, options));
  const nested = Array.from({ length: N }, (_, n) =>
    Array.from({ length: S }, (__, r) => [...y.subarray((n * S + r) * S, (n * S + r + 1) * S)]),
  );
  expect(await weightsAfter((model) => model.fit({ x, y: nested }, options))).toEqual(expected);
  function* batches() {
    for (let n = 0; n < N; n += 8)
      yield { x: x.subarray(n * S * S, (n + 8) * S * S), y: y.subarray(n * S * S, (n + 8) * S * S) };
  }
  expect(await weightsAfter((model) => model.fit(() => batches(), { epochs: 2 }))).toEqual(expected);
  const inParts = await weightsAfter((model) => model.fit({ x, y }, { ...options, microBatchSize: 3 }));
  inParts.forEach((each, i) => expect(Math.abs(each - expected[i]!)).toBeLessThan(1e-5));
});

it('of ignoreClass are left out', async () => {
  const holes = y.map((label, i) => (i % 2 === 0 ? label : 255));
  const model = compiled(losses.sparseCategoricalCrossentropy({ ignoreClass: 255 }));
  await model.fit({ x, y: holes }, { epochs: 20, batchSize: 12 });
  const { accuracy } = await model.evaluate({ x, y });
  expect(accuracy).toBeGreaterThan(0.85);
  await expect(model.fit({ x, y: holes }, { batchSize: 8, microBatchSize: 4 })).rejects.toThrow(
    'the loss is one number for the batch',
  );
});

it.each<[string, (model: Model) => Promise<unknown>]>([
  ['one label too few', (model) => model.fit({ x, y: y.subarray(1) })],
  ['no such class', (model) => model.fit({ x, y: y.map((label) => label + 1) })],
  ['classWeights', (model) => model.fit({ x, y }, { classWeights: 'balanced' })],
])('refuses: %s', async (_, call) => {
  await expect(call(compiled())).rejects.toThrowErrorMatchingSnapshot();
});
