// Plan: a search for a learning rate suggests one that trains, ends early where the loss diverges, and leaves the weights,
// slots, step and rate as they were: the next fit has the bits of one without a search. Options are validated.
import { expect, test } from 'vitest';
import { findLearningRate } from '../../src/nn/training/rate_finder.js';
import { bars, smallModel } from '../device/small_model.js';
import { useDevice } from '../device/device.js';
import { weightBits } from '../device/weight_bits.js';

useDevice();
const images = bars(96);

test('suggests a rate before the loss diverges', async () => {
  using model = smallModel();
  const { rates, losses, smoothed, suggestion } = await findLearningRate(model, images, {
    batchSize: 16,
    from: 1e-5,
    to: 1e4,
    steps: 60,
  });
  expect(rates.length).toBeLessThan(60);
  expect([losses.length, smoothed.length]).toEqual([rates.length, rates.length]);
  expect(rates[0]).toBe(1e-5);
  expect(rates[1]! / rates[0]!).toBeCloseTo(1e9 ** (1 / 59), 9);
  expect(suggestion).toBeGreaterThan(1e-4);
  expect(suggestion).toBeLessThan(0.3);
  expect(rates).toContain(suggestion);
});

test('leaves the training as it was', async () => {
  const options = { batchSize: 32, epochs: 1 };
  const trained = async (isSearched: boolean): Promise<unknown> => {
    using model = smallModel({ optimizer: { learningRate: 0.002 } });
    await model.fit(images, options);
    if (isSearched) await findLearningRate(model, images, { steps: 7, batchSize: 32 });
    expect(model.optimizer.learningRate).toBe(0.002);
    expect(model.state.step).toBe(3);
    await model.fit(images, options);
    return weightBits(model);
  };
  expect(await trained(true)).toEqual(await trained(false));
});

test('validates its options', async () => {
  using model = smallModel();
  await expect(findLearningRate(model, images, { from: 1, to: 1 })).rejects.toThrow(
    'findLearningRate: to is 1, expected more than from, which is 1.',
  );
  await expect(findLearningRate(model, images, { epochs: 3 } as object)).rejects.toThrow("'epochs'");
});
