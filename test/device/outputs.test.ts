/**
 * Models with several trained outputs, and with several inputs, on a device:
 *   both losses fall; the logs have both, and their weighted sum with the penalty
 *   micro-batches give what the whole batch gives, up to rounding
 *   interrupted in mid-epoch and resumed from a file, the same bits as uninterrupted
 *   a weight of 0 trains nothing of its output; nor does no loss, whatever layers only that output uses
 *   two inputs: training, evaluation and prediction take the images of both, in the order of the samples
 */
import { describe, expect, it } from 'vitest';
import type { Callback } from '../../src/nn/callbacks/callback.js';
import type { LabelledSamples } from '../../src/nn/samples/samples.js';
import { concatenate, conv2d, dense, dropout, flatten } from '../../src/nn/layers/index.js';
import { input } from '../../src/nn/layers/input.js';
import { type Model, model } from '../../src/nn/model.js';
import { rmsprop, sgd } from '../../src/nn/optimizers/index.js';
import type { FitOptions } from '../../src/nn/training/training.js';
import { memoryFolder } from '../../src/memory_folder.js';
import { useDevice } from './device.js';
import { bars } from './small_model.js';
import { weightBits } from './weight_bits.js';

useDevice();

const loss = 'sparseCategoricalCrossentropy';
const middleWeight = 0.5;

/** Where the bar is, and whether it is in the middle, from features that both share. */
function twoOutputs({ optimizer = rmsprop({ learningRate: 1e-2 }), weight = middleWeight } = {}): Model {
  const x = input({ shape: [8, 8, 1] });
  const features = flatten().apply(
    conv2d({
      filters: 4,
      kernelSize: 3,
      strides: 2,
      activation: 'relu',
      kernelRegularizer: { l2: 1e-2 },
    }).apply(x),
  );
  const shared = dropout({ rate: 0.25 }).apply(features);
  const outputs = [
    dense({ units: 3, activation: 'softmax', name: 'bar' }).apply(shared),
    dense({ units: 2, name: 'middle' }).apply(shared),
  ];
  const made = model({ inputs: x, outputs });
  made.compile({ optimizer, loss: { bar: loss, middle: loss }, lossWeights: { middle: weight } });
  return made;
}

function labelled(count: number, seed?: number): LabelledSamples {
  const set = bars(count, seed);
  // In another order than the model's outputs.
  return { ...set, labels: { middle: set.labels.map((label) => Number(label === 1)), bar: set.labels } };
}

describe('two outputs', () => {
  it('learn together, with logs of each and of their weighted sum', async () => {
    const made = twoOutputs();
    const { metrics } = await made.fit(labelled(48), {
      epochs: 6,
      batchSize: 8,
      validationData: labelled(12, 5),
    });
    const names = ['loss', 'bar_loss', 'bar_accuracy', 'middle_loss', 'middle_accuracy'];
    const expected = [...names, ...names.map((name) => `val_${name}`), 'learning_rate'];
    expect(Object.keys(metrics).toSorted()).toEqual(expected.toSorted());
    for (const name of ['loss', 'bar_loss', 'middle_loss'])
      expect(metrics[name]!.at(-1)! / metrics[name]![0]!, name).toBeLessThan(0.5);

    const evaluation = await made.evaluate(labelled(21, 2), { batchSize: 8 });
    expect([evaluation['bar_accuracy'], evaluation['middle_accuracy']]).toEqual([1, 1]);
    const kernel = (await made.weights()).get('conv2d/kernel')!;
    const penalty = 1e-2 * kernel.reduce((sum, w) => sum + w * w, 0);
    const sum = evaluation['bar_loss']! + middleWeight * evaluation['middle_loss']! + penalty;
    expect(evaluation.loss).toBeCloseTo(sum, 5);
    expect(penalty).toBeGreaterThan(1e-3);
  });

  it('in micro-batches give what the whole batch gives', async () => {
    const options: FitOptions = { epochs: 2, batchSize: 8, seed: 3 };
    const train = async (more: FitOptions) => {
      const made = twoOutputs({ optimizer: sgd({ learningRate: 0.1 }) });
      const { metrics } = await made.fit(labelled(21), { ...options, ...more });
      return { metrics, weights: await made.weights() };
    };
    const [whole, parts] = [await train({}), await train({ microBatchSize: 3 })];
    for (const [name, values] of Object.entries(whole.metrics))
      values.forEach((value, epoch) => expect(parts.metrics[name]![epoch], name).toBeCloseTo(value, 5));
    for (const [path, values] of whole.weights)
      values.forEach((value, i) => expect(parts.weights.get(path)![i], path).toBeCloseTo(value, 5));
  });

  it('interrupted in mid-epoch and resumed from a file end at the same bits', async () => {
    const options: FitOptions = { epochs: 2, batchSize: 8, seed: 5, microBatchSize: 3 };
    const straight = twoOutputs();
    const { metrics } = await straight.fit(labelled(21), options);

    const controller = new AbortController();
    const stopper: Callback = {
      // Steps go one by one, so that it stops after this very one.
      onBatchBegin: () => undefined,
      onBatchEnd: (_step, _logs, training) => {
        if (training.position().step === 5) controller.abort();
      },
    };
    const first = twoOutputs();
    const { checkpoint } = await first.fit(labelled(21), {
      ...options,
      signal: controller.signal,
      callbacks: [stopper],
    });
    expect(checkpoint.position).toMatchObject({ step: 5, epoch: 1, cursor: 16 });
    expect(checkpoint.position.sums).toMatchObject({ count: 16, bar_loss: expect.any(Number) as number });
    const folder = memoryFolder();
    await first.saveWeights(folder, 'last', { checkpoint });
    const second = twoOutputs();
    const loaded = await second.loadWeights(folder, 'last');
    expect(loaded.checkpoint).toEqual(checkpoint);
    const rest = await second.fit(labelled(21), { ...options, resume: loaded.checkpoint! });
    expect(await weightBits(second)).toBe(await weightBits(straight));
    for (const [name, values] of Object.entries(metrics))
      expect(rest.metrics[name], name).toEqual(values.slice(1));
  });

  it('a weight of 0 leaves an output as it was, and still measures it', async () => {
    const made = twoOutputs({ weight: 0 });
    const before = (await made.weights()).get('middle/kernel');
    const { metrics } = await made.fit(labelled(24), { batchSize: 8 });
    expect((await made.weights()).get('middle/kernel')).toEqual(before);
    expect(metrics['middle_loss']![0]).toBeGreaterThan(0.1);
  });

  it('without a loss an output stays as it was, with the layers that it alone uses', async () => {
    const made = twoOutputs();
    made.compile({ optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }), loss: { bar: loss } });
    const before = await made.weights();
    const { metrics } = await made.fit(bars(24), { batchSize: 8, microBatchSize: 4 });
    const after = await made.weights();
    for (const name of ['kernel', 'bias'].map((parameter) => `middle/${parameter}`))
      expect(after.get(name)).toEqual(before.get(name));
    expect(after.get('bar/kernel')).not.toEqual(before.get('bar/kernel'));
    expect(metrics['loss']![0]).toBeLessThan(2);
  });
});

it('two inputs: each output takes the images that it needs, in training, evaluation and prediction', async () => {
  const sides = ['left', 'right'].map((name) => input({ shape: [8, 8, 1], name }));
  const flat = sides.map((x) => flatten().apply(x));
  const joined = concatenate().apply(flat);
  const outputs = sides.map((_, i) =>
    dense({ units: 3, activation: 'softmax', name: ['left_bar', 'right_bar'][i]! }).apply(joined),
  );
  const made = model({ inputs: sides, outputs });
  made.compile({ optimizer: rmsprop({ learningRate: 1e-2 }), loss });
  const pairs = (count: number, seed: number): LabelledSamples => {
    const [left, all] = [bars(count, seed), bars(count, seed + 1)];
    // Every pair of bars occurs, so that neither side tells what the other shows.
    const right = all.select(Array.from({ length: count }, (_, i) => Math.floor(i / 3)));
    return { inputs: { right, left }, labels: { left_bar: left.labels, right_bar: right.labels } };
  };
  const options: FitOptions = { epochs: 8, batchSize: 10, microBatchSize: 5, validationData: pairs(12, 5) };
  const { metrics } = await made.fit(pairs(60, 1), options);
  expect(metrics['val_loss']!.at(-1)! / metrics['val_loss']![0]!).toBeLessThan(0.5);
  const unseen = pairs(20, 8);
  const evaluation = await made.evaluate(unseen);
  expect([evaluation['left_bar_accuracy'], evaluation['right_bar_accuracy']]).toEqual([1, 1]);
  const predicted = await made.predict(unseen, { output: 'right_bar' });
  const { right_bar: labels } = (unseen as { labels: Record<string, ArrayLike<number>> }).labels;
  for (let i = 0; i < 20; i++) {
    const row = predicted.slice(3 * i, 3 * i + 3);
    expect(row.indexOf(Math.max(...row)), `image ${i}`).toBe(labels![i]);
  }
});
