/**
 * Averages of weights and clipping in fit:
 *   swapping the averages in and out leaves the weights; the callback evaluates as swapping by hand does
 *   a training continues to the same bits from files that were saved with its weights or with the averages, in micro-batches too
 *   layers that were frozen begin with averages that are their weights
 *   frozen layers have no part in the global norm; norms by parameter, and muon, in fit
 *   statistics of batch normalisations are estimated again: of whole batches, those of the data
 */
import { expect, it } from 'vitest';
import { memoryFolder } from '../../src/memory_folder.js';
import { modelCheckpoint, swapEmaWeights } from '../../src/nn/callbacks/index.js';
import { batchNormalization, dense, flatten } from '../../src/nn/layers/index.js';
import { type Model, sequential } from '../../src/nn/model.js';
import { loadModel } from '../../src/nn/files/model_files.js';
import { freeze, unfreeze } from '../../src/nn/network/network_changes.js';
import { adamW, muon, sgd } from '../../src/nn/optimizers/index.js';
import type { Optimizer } from '../../src/nn/optimizers/optimizer.js';
import { reestimateStatistics } from '../../src/nn/training/reestimate_statistics.js';
import { readSafetensors } from '../../src/nn/files/safetensors.js';
import { useDevice } from '../device/device.js';
import { bars } from '../device/small_model.js';
import { weightBits } from '../device/weight_bits.js';

const held = useDevice();
const set = bars(12);
const fitting = { batchSize: 4, shuffle: false };
const averaging = (): Optimizer =>
  adamW({ learningRate: 0.01, useEma: true, emaMomentum: 0.8, globalClipNorm: 0.5 });

const small = (): Model =>
  sequential([
    flatten({ inputShape: [8, 8, 1] }),
    dense({ units: 6, activation: 'relu' }),
    dense({ units: 3, activation: 'softmax' }),
  ]);

function compiled(made: Model, optimizer: Optimizer = averaging()): Model {
  made.compile({ optimizer, loss: 'sparseCategoricalCrossentropy' });
  return made;
}

it('swaps the averages in and out, by hand and by a callback', async () => {
  const made = compiled(small());
  const { metrics } = await made.fit(set, {
    ...fitting,
    epochs: 2,
    validationData: set,
    callbacks: [swapEmaWeights()],
  });
  const [own, ownLoss] = [await weightBits(made), (await made.evaluate(set)).loss];
  const { loss: byCallback } = await made.evaluate(set, { callbacks: [swapEmaWeights()] });
  expect(await weightBits(made)).toBe(own);
  made.swapEmaWeights();
  expect(await weightBits(made)).not.toBe(own);
  const { loss } = await made.evaluate(set);
  expect(loss).not.toBe(ownLoss);
  expect(byCallback).toBe(loss);
  expect(metrics['val_loss']!.at(-1)).toBeCloseTo(loss, 5);
  made.swapEmaWeights();
  expect(await weightBits(made)).toBe(own);
  // Setting weights while the averages are in sets those of the training.
  made.swapEmaWeights();
  made.setWeights(await small().weights());
  expect(await weightBits(made)).toBe(await weightBits(small()));
  expect(made.state.isSwapped).toBe(false);

  const other = compiled(small(), sgd());
  expect(() => other.swapEmaWeights()).toThrow(
    "swapEmaWeights: 'sgd' keeps no averages of the weights; compile the model with optimizers.sgd({ useEma: true }).",
  );
});

it.each([4, 3])(
  'continues to the same bits from a file with averages, micro-batches of %i',
  async (microBatchSize) => {
    const options = { ...fitting, microBatchSize };
    const once = compiled(small());
    await once.fit(set, { ...options, epochs: 3 });
    const wanted = await weightBits(once);

    const folder = memoryFolder();
    const callbacks = [swapEmaWeights({ swapOnEpoch: true }), modelCheckpoint({ folder })];
    const first = compiled(small());
    await first.fit(set, { ...options, epochs: 2, callbacks });
    const own = await weightBits(first);
    const { metadata } = readSafetensors(await folder.read('weights.safetensors'), 'x');
    expect(metadata['ema_swapped']).toBe('true');

    // The file predicts with the averages, and trains on from the weights.
    const second = compiled(small());
    await second.loadWeights(folder, 'weights');
    first.swapEmaWeights();
    expect(await weightBits(second)).toBe(await weightBits(first));
    await second.fit(set, options);
    expect((await weightBits(second)) === wanted).toBe(true);

    // Saved by hand, loaded without being compiled, saved again, and then compiled.
    const [again, whole] = [memoryFolder(), memoryFolder()];
    await first.save(again);
    await (await loadModel(again, { device: held.device })).save(whole);
    const third = compiled(await loadModel(whole, { device: held.device }));
    third.swapEmaWeights();
    expect(await weightBits(third)).toBe(own);
    third.swapEmaWeights();
    await third.fit(set, options);
    expect((await weightBits(third)) === wanted).toBe(true);
  },
);

it('begins the averages of a layer that was frozen with its weights', async () => {
  const frozen = compiled(small().withNetwork(freeze(small().network, 'dense')));
  await frozen.fit(set, fitting);
  const folder = memoryFolder();
  await frozen.save(folder);
  const made = await loadModel(folder, { device: held.device });
  const unfrozen = made.withNetwork(unfreeze(made.network, 'dense'));
  const warnings: string[] = [];
  unfrozen.compile({
    optimizer: averaging(),
    loss: 'sparseCategoricalCrossentropy',
    warn: (line) => warnings.push(line),
  });
  await unfrozen.loadWeights(folder, 'weights');
  expect(warnings).toHaveLength(1);
  const kernel = (await unfrozen.weights()).get('dense/kernel')!;
  unfrozen.swapEmaWeights();
  expect((await unfrozen.weights()).get('dense/kernel')).toEqual(kernel);
});

it('leaves frozen layers out of the global norm', async () => {
  const [learningRate, globalClipNorm] = [0.5, 0.01];
  const made = compiled(
    small().withNetwork(freeze(small().network, 'dense')),
    sgd({ learningRate, globalClipNorm }),
  );
  const before = await made.weights();
  await made.fit(set, { batchSize: 12 });
  const after = await made.weights();
  const changes = [...after].flatMap(([path, values]) =>
    [...values].map((value, i) => value - before.get(path)![i]!),
  );
  // The gradient is longer, so that the step is as long as the limit allows.
  expect(Math.hypot(...changes) / (learningRate * globalClipNorm)).toBeCloseTo(1, 3);
});

it('limits the norm of each parameter, and steps along orthogonal matrices, in fit', async () => {
  const changesOf = async (made: Model): Promise<[path: string, changes: number[]][]> => {
    const before = await made.weights();
    await made.fit(set, { batchSize: 12 });
    return [...(await made.weights())].map(([path, values]) => [
      path,
      [...values].map((value, i) => value - before.get(path)![i]!),
    ]);
  };
  const [learningRate, clipNorm] = [0.5, 1e-3];
  for (const [path, changes] of await changesOf(compiled(small(), sgd({ learningRate, clipNorm }))))
    expect(Math.hypot(...changes) / (learningRate * clipNorm), path).toBeCloseTo(1, 2);
  const one = sequential([flatten({ inputShape: [8, 8, 1] }), dense({ units: 3, activation: 'softmax' })]);
  const [kernel] = await changesOf(compiled(one, muon({ learningRate, weightDecay: 0 })));
  const [path, changes] = kernel!;
  expect([path, changes.length]).toEqual(['dense/kernel', 192]);
  // Of rank 2, since the gradients of the classes add up to 0: √2 · rmsRate·√64 / √192, with singular values from 0.7 to 1.2.
  const size = Math.hypot(...changes) / Math.sqrt(changes.length) / learningRate;
  expect(size).toBeGreaterThan(0.7 * 0.163);
  expect(size).toBeLessThan(1.25 * 0.163);
});

it('estimates the statistics of batch normalisations again', async () => {
  const made = compiled(
    sequential([
      flatten({ inputShape: [8, 8, 1] }),
      batchNormalization({ momentum: 0.9 }),
      dense({ units: 3 }),
    ]),
  );
  await made.fit(set, fitting);
  made.swapEmaWeights();
  const before = await made.weights();
  const { step } = made.state;
  await reestimateStatistics(made, set, { batchSize: 12 });
  expect([made.state.step, made.state.isSwapped]).toEqual([step, true]);
  const after = await made.weights();
  const images = Float64Array.from(set.images, (byte) => byte / 255);
  for (let pixel = 0; pixel < 64; pixel += 7) {
    const values = Array.from({ length: 12 }, (_, n) => images[n * 64 + pixel]!);
    const mean = values.reduce((sum, value) => sum + value) / 12;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 12;
    expect(after.get('batch_normalization/moving_mean')![pixel]).toBeCloseTo(mean, 5);
    expect(after.get('batch_normalization/moving_variance')![pixel]).toBeCloseTo(variance, 5);
  }
  for (const path of ['dense/kernel', 'batch_normalization/gamma'])
    expect(after.get(path)).toEqual(before.get(path));
  // Over several batches, the mean of the means is that of the data.
  await reestimateStatistics(made, set, { batchSize: 4 });
  const again = (await made.weights()).get('batch_normalization/moving_mean')!;
  again.forEach((value, i) =>
    expect(value).toBeCloseTo(after.get('batch_normalization/moving_mean')![i]!, 5),
  );
});
