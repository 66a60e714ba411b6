// Plan: values of the wrong kind, each refused by its name, with what was found and what was expected.
//   numbers: text, NaN, infinity, negative, fractional, null, true, BigInt, too large for an f32
//   texts that stand for a choice; pairs; lists with holes; operands that are not tensors, and missing ones
//   data of tensors: nested lists become shapes, all else is refused; shapes
//   images and labels; sets; a missing await
import { describe, expect, it, test } from 'vitest';
import { Tensor } from '../../src/engine/tensor.js';
import { Trace } from '../../src/engine/trace.js';
import { ShadegradError } from '../../src/errors.js';
import { fill as fillTensor } from '../../src/kernels/arithmetic.js';
import * as library from '../../src/library.js';
import { allData } from '../../src/nn/samples/all_data.js';
import { anyData } from '../../src/nn/samples/any_data.js';
import { fakeDevice } from './fake_device.js';

// As the library's entries do.
anyData.provide(allData);

const { layers, optimizers, schedules, callbacks, models, sequential, ops, ImageSet } = library;

async function refusal(call: () => unknown): Promise<string> {
  try {
    await call();
  } catch (error) {
    if (error instanceof ShadegradError) return `${error.name}: ${error.message}`;
    throw error;
  }
  return 'NOT REFUSED';
}

/** Two places, of which none holds anything. */
// oxlint-disable-next-line unicorn/no-new-array -- a hole is what is wanted
const hole = new Array<unknown>(2);

const told = async (calls: readonly (() => unknown)[]): Promise<string> =>
  (await Promise.all(calls.map(refusal))).join('\n');

describe('numbers', () => {
  const others = ['1', Number.NaN, Infinity, -1, null, true, 1n, [1], {}];
  const takers: Readonly<Record<string, (value: never) => unknown>> = {
    'a size': (units) => layers.dense({ units }),
    'a pair': (kernelSize) => layers.conv2d({ filters: 1, kernelSize: [1, kernelSize] }),
    'a share': (rate) => layers.dropout({ rate }),
    'a seed': (seed) => models.mlp({ seed }),
    'a momentum': (momentum) => optimizers.sgd({ momentum }),
    'a learning rate': (learningRate) => optimizers.rmsprop({ learningRate }),
    'a rate of a schedule': (peak) => schedules.cosineDecay({ peak }),
    'a number of epochs': (epochs) => models.mlp().fit({} as never, { epochs }),
    'a patience': (patience) => callbacks.earlyStopping({ patience }),
    'an amount of memory': (memory) =>
      models.mlp().fit({} as never, { memory: memory === Infinity ? 0 : memory }),
    'an L2 penalty': (l2) => layers.dense({ units: 1, kernelRegularizer: { l2 } }),
  };
  it.each(Object.entries(takers))('%s is none of the others', async (_, take) => {
    for (const value of others)
      expect([value, await refusal(() => take(value as never))]).toEqual([
        value,
        expect.stringMatching(/^UsageError: .* is .*, expected /),
      ]);
  });

  it('that are counts are whole, and those of an f32 fit it', async () => {
    expect(
      await told([
        () => layers.dense({ units: 1.5 }),
        () => layers.dense({ units: 0 }),
        () => models.mlp({ seed: 2 ** 32 }),
        () => optimizers.sgd({ learningRate: 1e39 }),
        () => optimizers.rmsprop({ epsilon: 1e-50 }),
      ]),
    ).toMatchInlineSnapshot(`
      "UsageError: layers.dense: units is 1.5, expected a positive integer.
      UsageError: layers.dense: units is 0, expected a positive integer.
      UsageError: models.mlp: seed is 4294967296, expected an integer from 0 to 4294967295.
      UsageError: optimizers.sgd: learningRate is 1e+39, expected a non-negative number or a schedule.
      UsageError: optimizers.rmsprop: epsilon is 1e-50, expected a positive number."
    `);
  });
});

test('choices are of the right case, pairs are two, lists have no holes', async () => {
  const padding = (value: unknown) => () =>
    layers.conv2d({ filters: 1, kernelSize: 3, padding: value } as never);
  const pool = (value: unknown) => () => layers.maxPooling2d({ poolSize: value } as never);
  expect(
    await told([
      ...['VALID', 'SAME', 'causal', 'full', '', null].map(padding),
      ...[[2], [2, 2, 2], hole, [[2], [2]], '2', []].map(pool),
      () => layers.dense({ units: 1, activation: 'ReLU' as never }),
      () => layers.dense({ units: 1, inputShape: 784 as never }),
      () => layers.dense({ units: 1, name: 'a/b' }),
      () => models.mlp().compile({ optimizer: optimizers.sgd(), loss: 'mse' as never }),
      () => sequential(layers.flatten() as never),
      () => sequential([layers.flatten({ inputShape: [1] })], { device: Promise.resolve() as never }),
    ]),
  ).toMatchInlineSnapshot(`
    "UsageError: layers.conv2d: padding is 'VALID', expected 'same' or 'valid'.
    UsageError: layers.conv2d: padding is 'SAME', expected 'same' or 'valid'.
    UsageError: layers.conv2d: padding is 'causal', expected 'same' or 'valid'.
    UsageError: layers.conv2d: padding is 'full', expected 'same' or 'valid'.
    UsageError: layers.conv2d: padding is '', expected 'same' or 'valid'.
    UsageError: layers.conv2d: padding is null, expected 'same' or 'valid'.
    UsageError: layers.maxPooling2d: poolSize is [2], expected a positive integer or two of them.
    UsageError: layers.maxPooling2d: poolSize is [2,2,2], expected a positive integer or two of them.
    UsageError: layers.maxPooling2d: poolSize is [undefined,undefined], expected a positive integer or two of them.
    UsageError: layers.maxPooling2d: poolSize is [[2],[2]], expected a positive integer or two of them.
    UsageError: layers.maxPooling2d: poolSize is '2', expected a positive integer or two of them.
    UsageError: layers.maxPooling2d: poolSize is [], expected a positive integer or two of them.
    UsageError: layers.dense: activation is 'ReLU', expected a registered activation, such as 'relu', or a function, such as ops.gelu; did you mean 'relu'.
    UsageError: layers.dense: inputShape is 784, expected a list of positive integers.
    UsageError: layers.dense: name is 'a/b', expected a string without '/' and control characters.
    UsageError: compile: loss is 'mse', expected one of binaryCrossentropy, binaryFocalCrossentropy, categoricalCrossentropy, categoricalFocalCrossentropy, categoricalHinge, cosineSimilarity, hinge, huber, klDivergence, logCosh, meanAbsoluteError, meanAbsolutePercentageError, meanSquaredError, meanSquaredLogarithmicError, multiMargin, poisson, sparseCategoricalCrossentropy, squaredHinge; did you mean 'meanSquaredError'?
    UsageError: sequential: layers is an object, expected a list of layers, such as layers.dense({ units: 10 }).
    UsageError: sequential: device is a Promise, expected a Device, as open() gives; put 'await' before it."
  `);
});

test('operands are tensors', async () => {
  const trace = new Trace(fakeDevice());
  const x = trace.input({ shape: [1, 4, 4, 1], dtype: 'f32' });
  const wrong = [undefined, null, 5, '1', [1, 2], new Float32Array(1), Promise.resolve(x)] as never[];
  const names = Object.keys(ops).filter((name) => typeof ops[name as never] === 'function');
  const without = new Set(['fill']);
  const takingNumbers = new Set(
    'add divide equal greater greaterEqual less lessEqual maximum minimum multiply notEqual pow subtract'.split(
      ' ',
    ),
  );
  for (const name of names.filter((each) => !without.has(each))) {
    const op = ops[name as keyof typeof ops] as (...given: never[]) => unknown;
    // Either operand of these may be a number.
    const numbers = takingNumbers.has(name) ? [5] : [];
    for (const value of wrong.filter((each) => !numbers.includes(each)))
      expect([name, await refusal(() => trace.record(() => op(value, x as never)))]).toEqual([
        name,
        expect.stringMatching(/^UsageError: /),
      ]);
  }
  const gone = Tensor.placeholder({ shape: [1], dtype: 'f32' }, fakeDevice());
  gone.dispose();
  expect(
    await told([
      () => trace.record(() => ops.conv2d(x, [[1]] as never)),
      () => trace.record(() => ops.conv2d(Promise.resolve(x) as never, x)),
      () => trace.record(() => ops.matmul(x, gone)),
    ]),
  ).toMatchInlineSnapshot(`
    "UsageError: conv2d: kernel is [[1]], expected a Tensor; make one with Tensor.from(values).
    UsageError: conv2d: x is a Promise, expected a Tensor; make one with Tensor.from(values); put 'await' before it.
    StateError: matmul: b [1] was disposed and cannot be used any more."
  `);
});

test('a tensor is made from numbers', async () => {
  const from = (data: unknown, shape?: unknown) => () =>
    Tensor.from(data as never, shape as never, fakeDevice());
  const itself: unknown[] = [];
  itself[0] = itself;
  expect(
    await told([
      ...[[[1, 2], [3]], [[1], 2], ['1'], hole, [{}], [1n], [true], null, 5, 'text'].map((data) =>
        from(data),
      ),
      ...[Promise.resolve([1]), new Int32Array(1), new DataView(new ArrayBuffer(4))].map((data) =>
        from(data),
      ),
      from(new Float32Array(new SharedArrayBuffer(4))),
      from(itself),
      ...['1', [Number.NaN], [-1], [0], [1.5], [2]].map((shape) => from([1], shape)),
      () => Tensor.from([1], [1], Promise.resolve() as never),
      () => Tensor.zeros({ shape: [1], dtype: 'float32' as never }, fakeDevice()),
      () => new Trace(fakeDevice()).record(() => fillTensor([1e6, 1e6], 1)),
      () => fillTensor([1.5], 1),
      () => fillTensor([2], '3' as never),
    ]),
  ).toMatchInlineSnapshot(`
    "UsageError: tensor: data[1] is [3], expected a list of 2, like the one before it.
    UsageError: tensor: data[1] is 2, expected a list of 1, like the one before it.
    UsageError: tensor: data[0] is '1', expected a number.
    UsageError: tensor: data[0] is missing, expected a number.
    UsageError: tensor: data[0] is an object, expected a number.
    UsageError: tensor: data[0] is 1n, expected a number.
    UsageError: tensor: data[0] is true, expected a number.
    UsageError: tensor: data is null, expected numbers: a list, a Float32Array, Float64Array, Uint32Array, Uint8Array or Uint8ClampedArray.
    UsageError: tensor: data is 5, expected numbers: a list, a Float32Array, Float64Array, Uint32Array, Uint8Array or Uint8ClampedArray.
    UsageError: tensor: data is 'text', expected numbers: a list, a Float32Array, Float64Array, Uint32Array, Uint8Array or Uint8ClampedArray.
    UsageError: tensor: data is a Promise, expected numbers: a list, a Float32Array, Float64Array, Uint32Array, Uint8Array or Uint8ClampedArray; put 'await' before it.
    UsageError: tensor: data is an Int32Array, expected numbers: a list, a Float32Array, Float64Array, Uint32Array, Uint8Array or Uint8ClampedArray; convert it, as with Float32Array.from(data).
    UsageError: tensor: data is a DataView, expected numbers: a list, a Float32Array, Float64Array, Uint32Array, Uint8Array or Uint8ClampedArray.
    UsageError: tensor: data is a Float32Array, expected memory that is not shared, which may change while it is copied; pass a copy, as with Float32Array.from(data).
    UsageError: tensor: data[0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0] is [[[…]]], expected a number.
    UsageError: tensor: shape is '1', expected a list of positive integers.
    ShapeError: tensor: shape [NaN] has the extent NaN; extents are positive integers.
    ShapeError: tensor: shape [-1] has the extent -1; extents are positive integers.
    ShapeError: tensor: shape [0] has the extent 0; extents are positive integers.
    ShapeError: tensor: shape [1.5] has the extent 1.5; extents are positive integers.
    ShapeError: tensor: shape [2] holds 2 elements, but the data has 1.
    UsageError: tensor: device is a Promise, expected a Device, as open() gives; put 'await' before it.
    UsageError: tensor: dtype is 'float32', expected 'f32', 'f16', 'u32' or 'u8'.
    DeviceError: fill: a result of [1000000,1000000] has more elements than kernels can count; use smaller shapes.
    ShapeError: fill: shape [1.5] has the extent 1.5; extents are positive integers.
    UsageError: fill: '3' is not a finite f32, expected a number within ±3.4e38."
  `);
});

test('images are bytes, labels integers below the number of classes', async () => {
  const parts = {
    images: new Uint8Array(2),
    labels: [0, 1],
    height: 1,
    width: 1,
    channels: 1,
    classNames: ['a', 'b'],
  };
  const make = (other: object) => () => new ImageSet({ ...parts, ...other });
  const images = [
    new Float32Array(2),
    new Float64Array(2),
    [0.5, 1],
    [256, 0],
    [-1, 0],
    [[1], [2]],
    'ab',
    new Uint8Array(1),
  ];
  const labels = [
    [-1, 0],
    [0.5, 0],
    [Number.NaN, 0],
    [2, 0],
    [
      [0, 1],
      [1, 0],
    ],
    [0],
    '01',
    new BigInt64Array(2),
  ];
  expect(
    await told([
      ...images.map((each) => make({ images: each })),
      ...labels.map((each) => make({ labels: each })),
      make({ height: '1' }),
      make({ classNames: 'ab' }),
    ]),
  ).toMatchInlineSnapshot(`
    "UsageError: ImageSet: images is a Float32Array, expected bytes, 0 to 255, in a Uint8Array; multiply values from 0 to 1 by 255 and round them.
    UsageError: ImageSet: images is a Float64Array, expected bytes, 0 to 255, in a Uint8Array; multiply values from 0 to 1 by 255 and round them.
    UsageError: ImageSet: images[0] is 0.5, expected bytes, 0 to 255, in a Uint8Array; multiply values from 0 to 1 by 255 and round them.
    UsageError: ImageSet: images[0] is 256, expected bytes, 0 to 255, in a Uint8Array; multiply values from 0 to 1 by 255 and round them.
    UsageError: ImageSet: images[0] is -1, expected bytes, 0 to 255, in a Uint8Array; multiply values from 0 to 1 by 255 and round them.
    UsageError: ImageSet: images[0] is [1], expected bytes, 0 to 255, in a Uint8Array; multiply values from 0 to 1 by 255 and round them.
    UsageError: ImageSet: images is 'ab', expected bytes, 0 to 255, in a Uint8Array; multiply values from 0 to 1 by 255 and round them.
    DataError: ImageSet: 2 labels and images of 1×1×1 need 2 bytes of pixels, but there are 1.
    DataError: ImageSet: label 0 is -1, but there are 2 classes (0 to 1).
    DataError: ImageSet: label 0 is 0.5, but there are 2 classes (0 to 1).
    DataError: ImageSet: label 0 is NaN, but there are 2 classes (0 to 1).
    DataError: ImageSet: label 0 is 2, but there are 2 classes (0 to 1).
    DataError: ImageSet: label 0 is [0,1], but there are 2 classes (0 to 1).
    DataError: ImageSet: 1 labels and images of 1×1×1 need 1 bytes of pixels, but there are 2.
    UsageError: ImageSet: labels is '01', expected a list of integers.
    UsageError: ImageSet: labels is a BigInt64Array, expected a list of integers.
    UsageError: ImageSet: height is '1', expected a positive integer.
    UsageError: ImageSet: classNames is 'ab', expected a list of strings."
  `);
  for (const given of [new Uint8ClampedArray([3, 4]), [3, 4], new Int16Array([3, 4])])
    expect(new ImageSet({ ...parts, images: given as never }).images).toEqual(Uint8Array.of(3, 4));
  for (const given of [new Int32Array([0, 1]), [0, 1]])
    expect([...new ImageSet({ ...parts, labels: given as never }).labels]).toEqual([0, 1]);
});

test('what is trained on is an ImageSet', async () => {
  const model = models.mlp({ inputShape: [1, 1, 1], classes: 2 });
  const set = { images: new Uint8Array(2), labels: [0, 1], count: 2, height: 1, width: 1, channels: 1 };
  const given = [undefined, null, [[1]], new Float32Array(2), Promise.resolve(set), { train: set }, 'digits'];
  const others = [
    { images: new Float32Array(2) },
    { images: new Uint8Array(1) },
    { labels: [-1, 0] },
    { labels: [0] },
    { labels: [Number.NaN, 0] },
    { count: 1.5 },
  ];
  expect(
    await told([
      ...given.map((each) => () => model.fit(each as never)),
      ...others.map((each) => () => model.evaluate({ ...set, ...each } as never)),
      () => model.predict(Promise.resolve(set) as never),
      () => model.predict(set, { batchSize: 0 }),
      () => model.evaluate(set, { batchSize: 1.5 }),
      () => model.fit(set, { validationData: [] as never }),
    ]),
  ).toMatchInlineSnapshot(`
    "UsageError: fit: the set is missing, expected an ImageSet or { x, y }.
    UsageError: fit: the set is null, expected an ImageSet or { x, y }.
    UsageError: fit: the set is [[1]], expected an ImageSet or { x, y }.
    UsageError: fit: the set is a Float32Array, expected an ImageSet or { x, y }.
    UsageError: fit: the set is a Promise, expected an ImageSet or { x, y }; put 'await' before it.
    UsageError: fit: the set is an object, expected an ImageSet or { x, y }, such as its .train or .test.
    UsageError: fit: the set is 'digits', expected an ImageSet or { x, y }.
    UsageError: evaluate: images is a Float32Array, expected bytes, 0 to 255, in a Uint8Array; multiply values from 0 to 1 by 255 and round them.
    UsageError: evaluate: images.length is 1, expected 2 for images of [2,1,1,1].
    UsageError: evaluate: labels[0] is -1, which does not fit an output of 2 classes (0 to 1).
    UsageError: evaluate: labels are [0], expected one for each of 2 images.
    UsageError: evaluate: labels[0] is NaN, which does not fit an output of 2 classes (0 to 1).
    UsageError: evaluate: count is 1.5, expected a non-negative integer.
    UsageError: predict: the set is a Promise, expected an ImageSet, numbers or a tensor; put 'await' before it.
    UsageError: predict: batchSize is 0, expected a positive integer.
    UsageError: evaluate: batchSize is 1.5, expected a positive integer.
    UsageError: fit: validationData: the set is [], expected an ImageSet or { x, y }."
  `);
});

test('a file says which of its layers is wrong', async () => {
  const json = models.mlp().toJson() as { layers: { config: object }[] };
  const damaged = (config: object) => () =>
    library.Model.fromJson({
      ...json,
      layers: json.layers.map((layer, i) =>
        i === 1 ? { ...layer, config: { ...layer.config, ...config } } : layer,
      ),
    });
  expect(await told([damaged({ units: '5' }), damaged({ unitz: 5 }), damaged({ activation: 'tahn' })]))
    .toMatchInlineSnapshot(`
      "ModelError: model: its description is damaged: layer 2 (Dense): layers.dense: units is '5', expected a positive integer.
      ModelError: model: its description is damaged: layer 2 (Dense): layers.dense: 'unitz' is not an option; did you mean 'units'?
      ModelError: model: its description is damaged: layer 2 (Dense): layers.dense: activation is 'tahn', expected a registered activation, such as 'relu', or a function, such as ops.gelu; did you mean 'tanh'."
    `);
});
