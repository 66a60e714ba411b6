/**
 * mixup and cutmix:
 *   draws: Beta(α, α), boxes and shares, partners are a permutation; the same for a seed, an epoch and a place
 *   a batch: images, rows, labels and losses by hand, against the mixed one-hot targets
 *   a training: the same bits in micro-batches and after a resume; the options of fit and their refusals
 */
import { describe, expect, it } from 'vitest';
import { program } from '../../src/engine/program.js';
import { Tensor } from '../../src/engine/tensor.js';
import { grad } from '../../src/kernels/grad.js';
import { softmax } from '../../src/kernels/index.js';
import { dense, flatten } from '../../src/nn/layers/index.js';
import * as losses from '../../src/nn/losses/index.js';
import { mixedLoss } from '../../src/nn/losses/mixed.js';
import { type Model, sequential } from '../../src/nn/model.js';
import { sgd } from '../../src/nn/optimizers/index.js';
import { allData } from '../../src/nn/samples/all_data.js';
import { anyData } from '../../src/nn/samples/any_data.js';
import { drawMixing } from '../../src/nn/training/mixing.js';
import { useDevice } from '../device/device.js';
import { bars } from '../device/small_model.js';

anyData.provide(allData);
const held = useDevice();

const order = Uint32Array.from({ length: 4000 }, (_, i) => 2 * i);
const epoch = { order, places: 4096, seed: 3, epoch: 2, height: 20, width: 10 };
const rowsOf = (draws: Float32Array): number[][] =>
  Array.from({ length: order.length }, (_, n) => [...draws.subarray(6 * n, 6 * n + 6)]);

describe('draws', () => {
  it.each([0.2, 1, 4])('shares of Beta(α, α), α = %s', (alpha) => {
    const { partners, draws } = drawMixing({ mixup: alpha }, epoch);
    expect([...partners.subarray(0, 4000)].sort((a, b) => a - b)).toEqual([...order]);
    const rows = rowsOf(draws);
    expect(
      rows.every(
        ([blend, top, bottom, left, right, share]) =>
          blend === share && [top, bottom, left, right].join() === '0,20,0,10',
      ),
    ).toBe(true);
    const shares = rows.map((row) => row[5]!);
    const mean = shares.reduce((a, b) => a + b) / 4000;
    const variance = shares.reduce((a, b) => a + (b - mean) ** 2, 0) / 4000;
    // The variance of Beta(α, α) is 1 / (8α + 4); four standard errors.
    const expected = 1 / (8 * alpha + 4);
    expect(Math.abs(mean - 0.5)).toBeLessThan((4 * Math.sqrt(expected)) / Math.sqrt(4000));
    expect(Math.abs(variance / expected - 1)).toBeLessThan((4 * Math.sqrt(2)) / Math.sqrt(4000));
    expect([...draws.subarray(24_000)].every((each) => each === 0)).toBe(true);
  });

  it('boxes whose area is the share of the other image', () => {
    const rows = rowsOf(drawMixing({ cutmix: 1 }, epoch).draws);
    for (const [blend, top, bottom, left, right, share] of rows as [
      number,
      number,
      number,
      number,
      number,
      number,
    ][]) {
      expect([blend, top >= 0 && bottom <= 20 && left >= 0 && right <= 10]).toEqual([0, true]);
      expect(share).toBeCloseTo(1 - ((bottom - top) * (right - left)) / 200, 6);
    }
    expect(rows.some(([, top]) => top! > 0) && rows.some(([, , bottom]) => bottom! < 20)).toBe(true);
  });

  it('of both for half of the samples each, alike for a seed and an epoch', () => {
    const both = { mixup: 0.4, cutmix: 1 };
    const one = drawMixing(both, epoch);
    const cut = rowsOf(one.draws).filter(([blend]) => blend === 0).length;
    expect(Math.abs(cut - 2000)).toBeLessThan(4 * Math.sqrt(1000));
    expect(drawMixing(both, epoch)).toEqual(one);
    for (const other of [{ seed: 4 }, { epoch: 3 }])
      expect(drawMixing(both, { ...epoch, ...other })).not.toEqual(one);
  });
});

it('is the cross-entropy of the mixed one-hot target, with its gradient', async () => {
  const logits = Tensor.from([1, -2, 0.5, 0, 3, -1], [2, 3]);
  const labels = [Tensor.from(Uint32Array.of(0, 1), [2]), Tensor.from(Uint32Array.of(2, 1), [2])];
  const shares = [Tensor.from([0.3, 0.9], [2]), Tensor.from([0.7, 0.1], [2])];
  const target = Tensor.from([0.3, 0, 0.7, 0, 1, 0], [2, 3]);
  const result = program((x: Tensor) => {
    const loss = losses.sparseCategoricalCrossentropy();
    const both = labels.map((each, i) => ({ target: each, weights: shares[i]! }));
    const mixed = mixedLoss(loss, softmax(x), both, { strongest: labels[1]!, state: undefined });
    const dense64 = losses.categoricalCrossentropy().apply(softmax(x), target);
    return {
      mixed: mixed.loss,
      expected: dense64.loss,
      totals: mixed.totals,
      ours: grad(mixed.loss, [x])[0],
      theirs: grad(dense64.loss, [x])[0],
    };
  }, held.device).call(logits);
  const [mixed, expected] = [(await result.mixed.data())[0]!, (await result.expected.data())[0]!];
  expect(mixed).toBeCloseTo(expected, 6);
  const [ours, theirs] = [[...(await result.ours.data())], [...(await result.theirs.data())]];
  ours.forEach((each, i) => expect(each).toBeCloseTo(theirs[i]!, 6));
  // The largest outputs are 0 and 1, of the stronger labels 2 and 1.
  expect([...(await result.totals.data())]).toEqual([expect.closeTo(2 * expected, 5), 1, 2, 0]);
});

function net(loss: Parameters<Model['compile']>[0]['loss'] = 'sparseCategoricalCrossentropy'): Model {
  const made = sequential([flatten({ inputShape: [8, 8, 1] }), dense({ units: 3, activation: 'softmax' })], {
    device: held.device,
  });
  made.compile({ optimizer: sgd({ learningRate: 0.1 }), loss });
  return made;
}

it('trains alike on labels and on one-hot values, in micro-batches and after a resume', async () => {
  const set = bars(22);
  const mixing = { mixup: 0.4, cutmix: 1, batchSize: 8, epochs: 3, seed: 5 } as const;
  const weightsAfter = async (
    model: Model,
    ...options: Parameters<Model['fit']>[1][]
  ): Promise<Float32Array> => {
    for (const each of options) await model.fit(set, each);
    return (await model.weights()).get('dense/kernel')!;
  };
  const whole = await weightsAfter(net(), mixing);
  const differences = (other: Float32Array): number =>
    Math.max(...other.map((w, i) => Math.abs(w - whole[i]!)));
  expect(
    differences(await weightsAfter(net(), { ...mixing, mixup: undefined, cutmix: undefined } as never)),
  ).toBeGreaterThan(1e-3);
  expect(differences(await weightsAfter(net('categoricalCrossentropy'), mixing))).toBeLessThan(1e-5);
  expect(differences(await weightsAfter(net(), { ...mixing, microBatchSize: 4 }))).toBeLessThan(1e-5);

  const resumed = net();
  const { checkpoint } = await resumed.fit(set, { ...mixing, epochs: 1 });
  await resumed.fit(set, { ...mixing, resume: checkpoint });
  expect([...(await resumed.weights()).get('dense/kernel')!]).toEqual([...whole]);
});

it('mixes batches of an iterable, and refuses what cannot be mixed', async () => {
  const set = bars(8);
  const x = Float32Array.from(set.images, (pixel) => pixel / 255);
  const batches = { x, y: Uint8Array.from(set.labels) };
  const { metrics } = await net().fit([batches, batches], { mixup: 1, epochs: 2 });
  expect(metrics['loss']![1]).toBeLessThan(metrics['loss']![0]!);

  const rows = sequential([dense({ units: 3, inputShape: [4] })], { device: held.device });
  rows.compile({ optimizer: sgd(), loss: 'meanSquaredError' });
  const table = { x: new Float32Array(24), y: new Float32Array(18) };
  await rows.fit(table, { mixup: 0.2 });
  await expect(rows.fit(table, { cutmix: 1 })).rejects.toThrow(
    'fit: cutmix cuts images of [height,width,channels], but the input input_layer is [4]; use mixup.',
  );
  await expect(net().fit(set, { mixup: 0 })).rejects.toThrow('fit: mixup is 0, expected a positive number.');
  await expect(
    net((_, prediction) => losses.meanSquaredError().apply(prediction, prediction).loss).fit(set, {
      mixup: 1,
    }),
  ).rejects.toThrow(
    'fit: mixup and cutmix weigh the labels of each sample, but the loss is one number for the batch;',
  );
});
