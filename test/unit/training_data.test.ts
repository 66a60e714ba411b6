/**
 * What `fit` makes of its data, without a device: the validation part is the last one; weights of classes multiply those of samples;
 * rare classes come round again until all are as frequent as the largest; and what is refused.
 */
import { describe, expect, it } from 'vitest';
import { Tensor } from '../../src/engine/tensor.js';
import { allData } from '../../src/nn/samples/all_data.js';
import { type DataOptions, type PreparedData, anyData } from '../../src/nn/samples/any_data.js';
import type { Column, SampleSet } from '../../src/nn/samples/columns.js';
import { dense, flatten } from '../../src/nn/layers/index.js';
import type { Loss } from '../../src/nn/losses/loss.js';
import { type Model, sequential } from '../../src/nn/model.js';
import { sgd } from '../../src/nn/optimizers/index.js';
import { labelledSet } from '../../src/nn/samples/samples.js';
import { bars } from '../device/small_model.js';
import { hollowDevice } from './fake_device.js';

anyData.provide(allData);
const device = hollowDevice('gpu');

const loss = (target: Loss['target']): Loss => ({
  name: `loss of ${target}`,
  target,
  sums: ['loss', 'count'],
  apply: () => {
    throw new Error('not recorded here');
  },
});

function net(target: Loss['target'], inputShape = [2]): Model {
  const made = sequential([dense({ units: 3, inputShape })], { device });
  made.compile({ optimizer: sgd(), loss: loss(target) });
  return made;
}

async function prepared(made: Model, samples: object, options: DataOptions): Promise<PreparedData> {
  return allData.prepareData(await labelledSet('fit', samples as never, made), options, made);
}

/** The rows of the columns of a kind. */
function rowsOf({ columns, count }: SampleSet, kind: Column['kind']): number[] {
  const { shape, dtype, copy } = columns.find((column) => column.kind === kind)!;
  const size = count * shape.reduce((product, extent) => product * extent, 1);
  const target = new { u8: Uint8Array, f32: Float32Array, u32: Uint32Array }[dtype](size);
  copy(target, 0);
  return [...target];
}

const x = Float32Array.from({ length: 20 }, (_, i) => i);
const y = [0, 0, 0, 0, 0, 0, 1, 1, 2, 2];
const oneHot = y.map((each) => [0, 1, 2].map((k) => (k === each ? 1 : 0)));

describe('validationSplit', () => {
  it('takes the last samples', async () => {
    const sampleWeight = y.map((_, i) => i);
    const { set, validation } = await prepared(
      net('labels'),
      { x, y, sampleWeight },
      { validationSplit: 0.25 },
    );
    expect([set.count, validation!.count]).toEqual([7, 3]);
    expect([rowsOf(set, 'input'), rowsOf(validation!, 'input')]).toEqual([
      Array.from(x.subarray(0, 14)),
      Array.from(x.subarray(14)),
    ]);
    expect([rowsOf(set, 'label'), rowsOf(validation!, 'label')]).toEqual([y.slice(0, 7), y.slice(7)]);
    expect(rowsOf(validation!, 'weight')).toEqual([7, 8, 9]);
  });

  it('takes the last images', async () => {
    const images = bars(5);
    const made = sequential([flatten({ inputShape: [8, 8, 1] }), dense({ units: 3 })], { device });
    made.compile({ optimizer: sgd(), loss: 'sparseCategoricalCrossentropy' });
    const { set, validation } = await prepared(made, images, { validationSplit: 0.4 });
    expect([rowsOf(set, 'input'), rowsOf(validation!, 'input')]).toEqual([
      Array.from(images.images.subarray(0, 192)),
      Array.from(images.images.subarray(192)),
    ]);
    expect(rowsOf(validation!, 'label')).toEqual([0, 1]);
  });

  it('copies the last rows of a tensor on the device, and frees them', async () => {
    const copies: object[] = [];
    Object.assign(device, { copy: (list: readonly object[]) => copies.push(...list) });
    const tensor = Tensor.allocate({ shape: [10, 2], dtype: 'f32' }, device);
    const found = await prepared(net('labels'), { x: tensor, y }, { validationSplit: 0.3 });
    expect(copies).toMatchObject([{ from: { offset: 56, byteLength: 24 } }]);
    const [own] = found.validation!.columns[0]!.tensors!;
    expect(own!.shape).toEqual([3, 2]);
    found.dispose();
    expect([own!.isDisposed, tensor.isDisposed]).toEqual([true, false]);
  });

  it('must leave samples in both parts', async () => {
    await expect(prepared(net('labels'), { x, y }, { validationSplit: 0.99 })).rejects.toThrow(
      'fit: validationSplit is 0.99, which leaves 0 of 10 samples',
    );
  });
});

describe('classWeights', () => {
  it('names a class that the output does not have', async () => {
    await expect(prepared(net('labels'), { x, y }, { classWeights: { 1: 2, 7: 3 } })).rejects.toThrow(
      'fit: classWeights has class 7, but the output has 3 classes (0 to 2).',
    );
  });

  it.each<[string, NonNullable<DataOptions['classWeights']>, number[]]>([
    ['balanced', 'balanced', [10 / 18, 10 / 6, 10 / 6]],
    ['a list', [1, 2, 3], [1, 2, 3]],
    ['an object', { 1: 4 }, [1, 4, 1]],
  ])('%s', async (_, classWeights, expected) => {
    const weights = y.map((each) => Math.fround(expected[each]!));
    const labelled = await prepared(net('labels'), { x, y }, { classWeights });
    expect(rowsOf(labelled.set, 'weight')).toEqual(weights);
    const values = await prepared(net('values'), { x, y: oneHot }, { classWeights });
    expect(rowsOf(values.set, 'weight')).toEqual(weights);
    const sampleWeight = y.map((_, i) => i);
    const both = await prepared(net('labels'), { x, y, sampleWeight }, { classWeights });
    expect(rowsOf(both.set, 'weight')).toEqual(y.map((each, i) => Math.fround(expected[each]! * i)));
  });
});

describe('oversample', () => {
  it('shows all classes as often as the largest, in an order of the seed and the epoch', async () => {
    const { epochSize, orderOf, set } = await prepared(
      net('labels'),
      { x, y },
      { oversample: true, seed: 3 },
    );
    expect([epochSize, set.count]).toEqual([18, 10]);
    const order = orderOf!(4);
    const counts = [0, 1, 2].map((each) => [...order].filter((entry) => y[entry % 10] === each).length);
    expect(counts).toEqual([6, 6, 6]);
    expect(new Set(order).size).toBe(18);
    for (let i = 0; i < 10; i++)
      expect([...order].filter((entry) => entry % 10 === i).length).toBe(i < 6 ? 1 : 3);
    expect(orderOf!(4)).toEqual(order);
    expect(orderOf!(5)).not.toEqual(order);
  });

  it('takes some samples of an incomplete round, others in other epochs', async () => {
    const uneven = [0, 0, 0, 0, 0, 1, 1, 1, 0, 0];
    const { epochSize, orderOf } = await prepared(
      net('labels'),
      { x, y: uneven },
      { oversample: 'balanced' },
    );
    expect(epochSize).toBe(14);
    const extra = (epoch: number): string =>
      [...orderOf!(epoch)]
        .filter((entry) => entry >= 20)
        .map((entry) => entry % 10)
        .toSorted((a, b) => a - b)
        .join();
    const found = [0, 1, 2, 3, 4, 5].map(extra);
    for (const each of found) expect(['5', '6', '7']).toContain(each);
    expect(new Set(found).size).toBeGreaterThan(1);
  });
});

it.each<[object, object, string]>([
  [{ validationSplit: 1 }, { x, y }, 'validationSplit is 1, expected a number between 0 and 1.'],
  [
    { validationSplit: 0.1, validationData: { x, y } },
    { x, y },
    'both validationSplit and validationData are given; leave one out.',
  ],
  [
    { oversample: true, shuffle: false },
    { x, y },
    'oversample draws samples at random, but shuffle is false; leave one out.',
  ],
  [{ oversample: 'all' }, { x, y }, "oversample is 'all', expected true or false or 'balanced'."],
  [
    { classWeights: 2 },
    { x, y },
    "classWeights is 2, expected 'balanced', a list of numbers, or an object of them.",
  ],
  [{ classWeights: [1, -1] }, { x, y }, 'classWeights.1 is -1, expected a non-negative number.'],
  [
    { classWeights: { cat: 2 } },
    { x, y },
    'a class of classWeights is NaN, expected a non-negative integer.',
  ],
  [{ classWeights: 'balanced' }, [{ x, y }], 'classWeights is given, but the data is an iterable of batches'],
])('%j is refused', async (options, samples, message) => {
  await expect(net('labels').fit(samples as never, options)).rejects.toThrow(`fit: ${message}`);
});
