/** What `fit`, `evaluate` and `predict` refuse of arrays, by name; and the columns that they make of the others. */
import { describe, expect, it } from 'vitest';
import { allData } from '../../src/nn/samples/all_data.js';
import { anyData } from '../../src/nn/samples/any_data.js';
import type { Column } from '../../src/nn/samples/columns.js';
import { concatenate, dense, flatten } from '../../src/nn/layers/index.js';
import { input } from '../../src/nn/layers/input.js';
import type { Loss } from '../../src/nn/losses/loss.js';
import { sgd } from '../../src/nn/optimizers/index.js';
import { type Model, model, sequential } from '../../src/nn/model.js';
import type { ArraySamples } from '../../src/nn/samples/samples.js';
import { labelledSet } from '../../src/nn/samples/samples.js';
import { Tensor } from '../../src/engine/tensor.js';
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

function net(units: number, target: Loss['target']): Model {
  const made = sequential([dense({ units, inputShape: [2] })], { device });
  made.compile({ optimizer: sgd(), loss: loss(target) });
  return made;
}

/** The rows of a column. */
function rowsOf({ dtype, shape, copy }: Column, count: number): number[] {
  const size = shape.reduce((product, extent) => product * extent, 1);
  const target = new { u8: Uint8Array, f32: Float32Array, u32: Uint32Array }[dtype](count * size);
  copy(target, 0);
  return [...target];
}

async function columnsOf(made: Model, samples: ArraySamples): Promise<unknown[]> {
  const { columns, count } = await labelledSet('fit', samples, made);
  return columns.map((each) => [
    each.kind,
    each.name,
    each.dtype,
    each.shape,
    each.tensors ? 'on the device' : rowsOf(each, count),
  ]);
}

describe('columns', () => {
  it('of a flat typed array, with labels', async () => {
    const samples = { x: new Float64Array([1, 2, 300, 4]), y: [1, 0] };
    expect(await columnsOf(net(3, 'labels'), samples)).toEqual([
      ['input', 'input_layer', 'f32', [2], [1, 2, 300, 4]],
      ['label', 'dense', 'u32', [], [1, 0]],
    ]);
  });

  it('of lists, bytes and integers; values come with weights of 1', async () => {
    const made = net(1, 'values');
    const target = ['value', 'dense', 'f32', [1], [5, 7]];
    const ones = ['weight', 'dense', 'f32', [], [1, 1]];
    for (const y of [[5, 7], [[5], [7]], new Uint8Array([5, 7]), new Int32Array([5, 7])])
      expect(await columnsOf(made, { x: [new Float32Array([1, 2]), [3, 4]], y })).toEqual([
        ['input', 'input_layer', 'f32', [2], [1, 2, 3, 4]],
        target,
        ones,
      ]);
    const bytes = { x: new Uint8Array([1, 2, 3, 255]), y: [5, 7], sampleWeight: [0, 2.5] };
    expect(await columnsOf(made, bytes)).toEqual([
      ['input', 'input_layer', 'u8', [2], [1, 2, 3, 255]],
      target,
      ['weight', 'dense', 'f32', [], [0, 2.5]],
    ]);
  });

  it('of tensors, which stay where they are', async () => {
    const tensor = (shape: number[]): Tensor => Tensor.allocate({ shape, dtype: 'f32' }, device);
    const found = await columnsOf(net(3, 'values'), { x: tensor([4, 2]), y: tensor([4, 3, 1]) });
    expect(found.slice(0, 2)).toEqual([
      ['input', 'input_layer', 'f32', [2], 'on the device'],
      ['value', 'dense', 'f32', [3], 'on the device'],
    ]);
  });

  it('of a loss that takes either', async () => {
    const x = new Float32Array(4);
    const kinds = async (units: number, y: number[]): Promise<unknown> =>
      ((await columnsOf(net(units, 'either'), { x, y }))[1] as unknown[])[0];
    expect(await kinds(3, [2, 0])).toBe('label');
    expect(await kinds(2, [0, 1, 1, 0])).toBe('value');
    expect(await kinds(1, [1, 0])).toBe('value');
  });

  it('by the names of inputs and outputs', async () => {
    const inputs = ['left', 'right'].map((name) => input({ shape: [1], name }));
    const both = concatenate().apply(inputs);
    const outputs = ['sum', 'kind'].map((name) => dense({ units: 2, name }).apply(both));
    const made = model({ inputs, outputs, device });
    made.compile({ optimizer: sgd(), loss: { sum: loss('values'), kind: loss('labels') } });
    const good = {
      x: { left: [1, 2], right: [3, 4] },
      y: {
        kind: [1, 0],
        sum: [
          [1, 2],
          [3, 4],
        ],
      },
      sampleWeight: { kind: [1, 2], sum: [3, 4] },
    };
    expect((await columnsOf(made, good)).map((each) => (each as unknown[]).slice(0, 2).join(' '))).toEqual([
      'input left',
      'input right',
      'value sum',
      'label kind',
      'weight sum',
      'weight kind',
    ]);
    const wrong: [object, string][] = [
      [{ x: { left: [1, 2] } }, 'x.right is missing, expected x for left, right.'],
      [
        { x: [1, 2] },
        'x is [1,2], but the model has 2 inputs; give values for each, as x: { left: …, right: … }.',
      ],
      [{ x: { left: [1, 2], right: [3] } }, 'x.right has 1 sample, expected 2 as x.left has.'],
      [{ y: { kind: [1, 0], total: [] } }, 'y.total is not a trained output, expected y for sum, kind.'],
      [
        { y: { kind: [1, 0], sum: [1, 2] } },
        "y.sum has one number for each sample, but the loss loss of values compares 2; pass 2 for each, such as one-hot targets, or compile with 'sparseCategoricalCrossentropy'.",
      ],
    ];
    for (const [part, message] of wrong)
      await expect(made.fit({ ...good, ...part })).rejects.toThrow(`fit: ${message}`);
  });
});

it('makes one-hot targets of the labels of images for a loss of values', async () => {
  const images = bars(4);
  const made = sequential([flatten({ inputShape: [8, 8, 1] }), dense({ units: 3 })], { device });
  made.compile({ optimizer: sgd(), loss: loss('values') });
  const { columns, count } = await labelledSet('fit', images, made);
  const targets = columns.find(({ kind }) => kind === 'value')!;
  expect([count, targets.shape, rowsOf(targets, count)]).toEqual([
    4,
    [3],
    [...images.labels].flatMap((label) => [0, 1, 2].map((each) => Number(each === label))),
  ]);
  const two = sequential([flatten({ inputShape: [8, 8, 1] }), dense({ units: 2 })], { device });
  two.compile({ optimizer: sgd(), loss: loss('values') });
  await expect(labelledSet('fit', images, two)).rejects.toThrow(
    'fit: labels[2] is 2, which does not fit an output of 2 classes (0 to 1).',
  );
});

describe('what is refused', () => {
  const x = new Float32Array([1, 2, 3, 4]);
  it.each<[string, Loss['target'], object, string]>([
    [
      'a wrong length',
      'labels',
      { x: new Float32Array(5), y: [0] },
      'x has 5 values, expected a multiple of the 2 of a sample [2].',
    ],
    ['another shape', 'labels', { x: [[1, 2, 3]], y: [0] }, 'x is [1,3], expected [count,2].'],
    [
      'rows of several lengths',
      'labels',
      { x: [[1, 2], [3]], y: [0, 1] },
      'x[1] is [3], expected a list of 2, like the one before it.',
    ],
    [
      'NaN',
      'labels',
      { x: new Float32Array([1, 2, 3, Number.NaN]), y: [0, 1] },
      'value 1 of x[1] is NaN, expected a number.',
    ],
    [
      'NaN in targets',
      'values',
      { x, y: [1, 2, Number.NaN, 4, 5, 6] },
      'value 2 of y[0] is NaN, expected a number.',
    ],
    ['strings', 'labels', { x: ['a', 'b'], y: [0] }, "value 0 of x[0] is 'a', expected a number."],
    [
      'no numbers',
      'labels',
      { x: 5, y: [0] },
      'x is 5, expected numbers: a typed array, lists of numbers, or a tensor.',
    ],
    [
      '64-bit integers',
      'labels',
      { x: new BigInt64Array(2), y: [0] },
      'x is a BigInt64Array, expected numbers: a typed array, lists of numbers, or a tensor.',
    ],
    [
      'too few labels',
      'labels',
      { x, y: [0] },
      'y has 1 values, but the loss loss of labels takes one label for each of 2 samples.',
    ],
    [
      'one-hot labels',
      'labels',
      {
        x,
        y: [
          [1, 0, 0],
          [0, 0, 1],
        ],
      },
      "y has 6 values, but the loss loss of labels takes one label for each of 2 samples; for 3 values per sample, compile with a loss of values, such as 'categoricalCrossentropy'.",
    ],
    [
      'labels beyond the classes',
      'labels',
      { x, y: [0, 3] },
      'y[1] is 3, which does not fit an output of 3 classes (0 to 2).',
    ],
    ['targets of another count', 'values', { x, y: [[1, 2, 3]] }, 'y has 1 sample, expected 2 as x has.'],
    [
      'negative weights',
      'labels',
      { x, y: [0, 1], sampleWeight: [1, -1] },
      'sampleWeight[1] is -1, expected a non-negative number.',
    ],
    [
      'too few weights',
      'labels',
      { x, y: [0, 1], sampleWeight: [1] },
      'sampleWeight has 1 sample, expected 2 as x has.',
    ],
    ['an empty set', 'labels', { x: [], y: [] }, 'the set is empty.'],
    ['a misspelt name', 'labels', { x, Y: [0, 1] }, "'Y' is not an option; did you mean 'y'?"],
    ['no x', 'labels', { y: [0] }, 'the set is an object, expected an ImageSet or { x, y }.'],
    [
      'a promise',
      'labels',
      { x: Promise.resolve(x), y: [0, 1] },
      "x is a Promise, expected numbers: a typed array, lists of numbers, or a tensor; put 'await' before it.",
    ],
  ])('%s', async (_, target, samples, message) => {
    const made = net(3, target);
    await expect(made.fit(samples as never)).rejects.toThrow(`fit: ${message}`);
    await expect(made.evaluate(samples as never)).rejects.toThrow(`evaluate: ${message}`);
    const good = { x, y: target === 'labels' ? [0, 1] : new Float32Array(6) };
    await expect(made.fit(good, { validationData: samples as never })).rejects.toThrow(
      `fit: validationData: ${message}`,
    );
  });

  it('of a prediction', async () => {
    const made = net(3, 'labels');
    for (const wrong of [new Float32Array(3), { x: new Float32Array(3) }])
      await expect(made.predict(wrong)).rejects.toThrow(
        'predict: x has 3 values, expected a multiple of the 2 of a sample [2].',
      );
    await expect(made.predict(undefined as never)).rejects.toThrow(
      'predict: the set is missing, expected an ImageSet, numbers or a tensor.',
    );
  });

  it('of tensors', async () => {
    const made = net(3, 'labels');
    const allocate = (shape: number[], dtype: 'f32' | 'f16', on = device): Tensor =>
      Tensor.allocate({ shape, dtype }, on);
    const wrong: [Tensor, string][] = [
      [allocate([4, 3], 'f32'), 'x is [4,3], expected [count,2].'],
      [allocate([4, 2], 'f16'), "x is [4,2] f16, expected f32; convert it with ops.cast(x, 'f32')."],
    ];
    for (const [tensor, message] of wrong)
      await expect(made.fit({ x: tensor, y: [0, 1, 2, 0] })).rejects.toThrow(`fit: ${message}`);
    const gone = allocate([4, 2], 'f32');
    gone.dispose();
    await expect(made.fit({ x: gone, y: [0, 1, 2, 0] })).rejects.toThrow(
      'fit: x [4,2] was disposed and cannot be used any more.',
    );
  });
});
