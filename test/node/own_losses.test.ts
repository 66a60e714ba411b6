/**
 * Losses and metrics on a device:
 *   logs of a set whose last batch is partial are those of its samples, by hand; a training with micro-batches ends alike
 *   logits of ±10⁴ have finite losses and gradients, with and without weights
 *   a function that returns one number for the batch trains and evaluates as the same steps in float64, with a smaller last batch;
 *   it is refused with micro-batches, and for an iterable whose batches differ
 */
import { expect, it } from 'vitest';
import { program } from '../../src/engine/program.js';
import { Tensor } from '../../src/engine/tensor.js';
import { grad } from '../../src/kernels/grad.js';
import { max, mean, sigmoid, softmax, square } from '../../src/kernels/index.js';
import { dense, flatten } from '../../src/nn/layers/index.js';
import * as losses from '../../src/nn/losses/index.js';
import { accuracy, auc, balancedAccuracy, topKCategoricalAccuracy } from '../../src/nn/metrics/index.js';
import { type Model, sequential } from '../../src/nn/model.js';
import { sgd } from '../../src/nn/optimizers/index.js';
import { allData } from '../../src/nn/samples/all_data.js';
import { anyData } from '../../src/nn/samples/any_data.js';
import type { TaskOptions } from '../../src/nn/training/task.js';
import { useDevice } from '../device/device.js';
import { bars } from '../device/small_model.js';

anyData.provide(allData);

const held = useDevice();

function compiled(task: TaskOptions, learningRate = 0.1): Model {
  const made = sequential([flatten({ inputShape: [8, 8, 1] }), dense({ units: 3 })], { device: held.device });
  made.compile({ optimizer: sgd({ learningRate }), ...task });
  return made;
}

/** The area under the curve of 200 thresholds. */
function areaOf(scores: number[], isYes: boolean[]): number {
  const share = (threshold: number, kind: boolean): number => {
    const own = scores.filter((_, i) => isYes[i] === kind);
    return own.filter((score) => score > threshold).length / own.length;
  };
  const inner = Array.from({ length: 198 }, (_, i) => (i + 1) / 199);
  const curve = [-Infinity, ...inner, Infinity].map((each) => ({
    x: share(each, false),
    y: share(each, true),
  }));
  return curve.slice(1).reduce((area, { x, y }, i) => area + ((curve[i]!.x - x) * (curve[i]!.y + y)) / 2, 0);
}

it('counts the samples of a partial batch, in logs and in gradients', async () => {
  const set = bars(10);
  const largest = (_: Tensor, prediction: Tensor): Tensor => max(prediction, { axis: 1 });
  const task: TaskOptions = {
    loss: 'multiMargin',
    metrics: [accuracy(), largest, balancedAccuracy(), topKCategoricalAccuracy({ k: 2 }), auc()],
  };
  const model = compiled(task);
  const outputs = await model.predict(set);
  const rows = Array.from({ length: 10 }, (_, n) => [...outputs.subarray(3 * n, 3 * n + 3)]);
  const meanOf = (of: (row: number[], label: number) => number): number =>
    rows.reduce((sum, row, n) => sum + of(row, set.labels[n]!), 0) / 10;
  const recalls = [0, 1, 2].map((k) => {
    const own = rows.filter((_, n) => set.labels[n] === k);
    return own.filter((row) => row.indexOf(Math.max(...row)) === k).length / own.length;
  });
  const expected = {
    loss: meanOf((row, label) => {
      const terms = row.map((x, k) => (k === label ? 0 : Math.max(0, 1 - row[label]! + x)));
      return terms.reduce((sum, term) => sum + term) / 3;
    }),
    accuracy: meanOf((row, label) => (row.indexOf(Math.max(...row)) === label ? 1 : 0)),
    largest: meanOf((row) => Math.max(...row)),
    balancedAccuracy: recalls.reduce((sum, each) => sum + each) / 3,
    topKCategoricalAccuracy: meanOf((row, label) => (row.filter((x) => x > row[label]!).length < 2 ? 1 : 0)),
    auc: areaOf(
      rows.flat(),
      rows.flatMap((_, n) => [0, 1, 2].map((k) => set.labels[n] === k)),
    ),
  };
  const evaluation = await model.evaluate(set, { batchSize: 4 });
  expect(Object.keys(evaluation)).toEqual(Object.keys(expected));
  for (const [name, value] of Object.entries(expected))
    expect([name, evaluation[name]]).toEqual([name, expect.closeTo(value, 5)]);

  const ends: Float32Array[] = [];
  for (const microBatchSize of [4, 3]) {
    const trained = compiled(task);
    const { metrics } = await trained.fit(set, { epochs: 2, batchSize: 4, microBatchSize, shuffle: false });
    expect(metrics['loss']![1]).toBeLessThan(metrics['loss']![0]!);
    ends.push((await trained.weights()).get('dense/kernel')!);
  }
  expect(Math.max(...ends[0]!.map((w, i) => Math.abs(w - ends[1]![i]!)))).toBeLessThan(1e-5);
});

it.each([
  ['sigmoid', sigmoid, losses.binaryCrossentropy(), [0, 1, 1, 0, 1, 0], (1e4 + 1e4) / 6],
  ['softmax', softmax, losses.categoricalCrossentropy(), [0, 1, 0, 0, 1, 0], 2e4 / 2],
  ['sigmoid', sigmoid, losses.binaryFocalCrossentropy(), [0, 1, 1, 0, 1, 0], (1e4 + 1e4) / 6],
  ['softmax', softmax, losses.categoricalFocalCrossentropy(), [0, 1, 0, 0, 1, 0], 2e4 / 8],
] as const)('logits of ±10⁴ before a %s are exact', async (_, op, loss, target, value) => {
  const x = Tensor.from([1e4, -1e4, 0, -1e4, 1e4, 0], [2, 3]);
  const result = program((logits: Tensor, t: Tensor, w: Tensor) => {
    const recorded = loss.apply(op(logits), t, { weights: w });
    return { loss: recorded.loss, gradient: grad(recorded.loss, [logits])[0] };
  }, held.device).call(x, Tensor.from([...target], [2, 3]), Tensor.from([1, 1], [2]));
  const [got, gradient] = [await result.loss.data(), await result.gradient.data()];
  expect(got[0]! / value).toBeCloseTo(1, 1);
  expect([...gradient].every(Number.isFinite)).toBe(true);
});

it('weighs the samples of sparseCategoricalCrossentropy', async () => {
  const x = Tensor.from([1e4, -1e4, 0, 0, 0, 0, 5, 5, 5], [3, 3]);
  const result = program((logits: Tensor, labels: Tensor, w: Tensor) => {
    const { loss, totals } = losses
      .sparseCategoricalCrossentropy()
      .apply(softmax(logits), labels, { weights: w });
    return { loss, totals, gradient: grad(loss, [logits])[0] };
  }, held.device).call(x, Tensor.from(Uint32Array.of(1, 0, 0xffffffff), [3]), Tensor.from([2, 0.5, 0], [3]));
  const expected = 4e4 + 0.5 * Math.log(3);
  const totals = [...(await result.totals.data())];
  expect(totals).toEqual([expect.closeTo(expected, 1), 1, 2, 0]);
  expect((await result.loss.data())[0]).toBeCloseTo(expected / 2, 1);
  const slope = [1, -1, 0, -1 / 6, 1 / 12, 1 / 12, 0, 0, 0];
  for (const [i, each] of [...(await result.gradient.data())].entries())
    expect(each).toBeCloseTo(slope[i]!, 5);
});

it('one number for the batch is that of the samples of each batch, also of the last', async () => {
  const set = bars(10);
  // The square of the mean is not a mean of the samples.
  const loss = (_: Tensor, prediction: Tensor): Tensor => square(mean(prediction));
  const sgdBy = 0.05;
  const model = compiled({ loss }, sgdBy);
  const initial = new Map([...(await model.weights())].map(([name, w]) => [name, w.slice()]));
  const { metrics } = await model.fit(set, { epochs: 2, batchSize: 4, shuffle: false, validationData: set });

  // The same steps in float64: p = x·K + b, and d loss / d p = 2·mean(p) / size.
  const [kernel, bias] = ['dense/kernel', 'dense/bias'].map((name) => Float64Array.from(initial.get(name)!));
  const means = (rows: readonly number[]): { x: number[][]; mean: number } => {
    const x = rows.map((n) => [...set.images.subarray(64 * n, 64 * n + 64)].map((pixel) => pixel / 255));
    const values = x.flatMap((row) =>
      [0, 1, 2].map((k) => row.reduce((sum, each, i) => sum + each * kernel![3 * i + k]!, bias![k]!)),
    );
    return { x, mean: values.reduce((sum, each) => sum + each) / values.length };
  };
  const parts = [
    [0, 1, 2, 3],
    [4, 5, 6, 7],
    [8, 9],
  ];
  const epochOf = (step: (rows: readonly number[]) => number): number =>
    parts.reduce((sum, rows) => sum + rows.length * step(rows), 0) / 10;
  const train = (rows: readonly number[]): number => {
    const { x, mean: m } = means(rows);
    const slope = (sgdBy * 2 * m) / (3 * rows.length);
    for (const row of x)
      for (const k of [0, 1, 2]) {
        row.forEach((each, i) => (kernel![3 * i + k]! -= slope * each));
        bias![k]! -= slope;
      }
    return m * m;
  };
  for (const epoch of [0, 1]) {
    expect([epoch, metrics['loss']![epoch]]).toEqual([epoch, expect.closeTo(epochOf(train), 5)]);
    const validation = epochOf((rows) => means(rows).mean ** 2);
    expect([epoch, metrics['val_loss']![epoch]]).toEqual([epoch, expect.closeTo(validation, 5)]);
  }
  const trained = (await model.weights()).get('dense/kernel')!;
  expect(Math.max(...trained.map((w, i) => Math.abs(w - kernel![i]!)))).toBeLessThan(1e-5);
  const evaluated = await model.evaluate(set, { batchSize: 4 });
  expect(evaluated.loss).toBeCloseTo(metrics['val_loss']![1]!, 6);
});

it('one number for the batch is refused where a batch is not one program', async () => {
  const set = bars(10);
  const model = compiled({ loss: (_: Tensor, prediction: Tensor) => mean(square(prediction)) });
  await expect(model.fit(set, { batchSize: 10, microBatchSize: 5 })).rejects.toThrow(
    'fit: the loss is one number for the batch, but the batch of 10 is split into parts of 5; return the loss of each sample, or change the batches.',
  );
  const batch = (first: number, count: number): { x: Uint8Array; y: Uint8Array } => ({
    x: set.images.subarray(64 * first, 64 * (first + count)),
    y: Uint8Array.from(set.labels.subarray(first, first + count)),
  });
  const batches = (): readonly { x: Uint8Array; y: Uint8Array }[] => [batch(0, 4), batch(4, 4), batch(8, 2)];
  const refused = 'a batch of the iterable has 2 samples, but its first has 4; return the loss';
  await expect(model.fit(batches, {})).rejects.toThrow(
    `fit: the loss is one number for the batch, but ${refused}`,
  );
  await expect(model.evaluate(batches())).rejects.toThrow(
    `evaluate: the loss is one number for the batch, but ${refused}`,
  );
});
