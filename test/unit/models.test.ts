/**
 * The named models without a device: parameters counted by hand, shapes of other images and classes, descriptions that
 * make the same model again, the summary's totals; then layers and optimizers that refuse their options.
 */
import { describe, expect, it, test } from 'vitest';
import { layerClasses } from '../../src/nn/layers/class_names.js';
import {
  activation,
  averagePooling2d,
  batchNormalization,
  conv2d,
  dense,
  maxPooling2d,
} from '../../src/nn/layers/index.js';
import { registerLayers } from '../../src/nn/layers/registry.js';
import type { ModelName } from '../../src/nn/names.js';
import { type NamedModelOptions, modelsByName } from '../../src/nn/models.js';
import { adam, adamW, rmsprop, sgd } from '../../src/nn/optimizers/index.js';
import type { Optimizer } from '../../src/nn/optimizers/optimizer.js';
import { optimizerFromConfig } from '../../src/nn/optimizers/from_config.js';
import { Model, sequential } from '../../src/nn/model.js';
import { hollowDevice } from './fake_device.js';

registerLayers(layerClasses);

const names = Object.keys(modelsByName) as ModelName[];
const make = (name: ModelName, options: NamedModelOptions = {}): Model => modelsByName[name](options);

describe('the named models', () => {
  // Kernels KH·KW·C·O, biases O, and four numbers per normalised channel: γ, β, moving mean, moving variance.
  const byHand: Record<ModelName, { total: number; moving: number }> = {
    paper: {
      total:
        25 * 1 * 32 +
        32 +
        (25 * 32 * 32 + 32) +
        (9 * 32 * 64 + 64) +
        (9 * 64 * 64 + 64) +
        (7 * 7 * 64 * 256 + 256) +
        (256 * 10 + 10),
      moving: 0,
    },
    'paper-bn': {
      total:
        25 * 1 * 32 +
        4 * 32 +
        (25 * 32 * 32 + 4 * 32) +
        (9 * 32 * 64 + 4 * 64) +
        (9 * 64 * 64 + 4 * 64) +
        (7 * 7 * 64 * 256 + 4 * 256) +
        (256 * 10 + 10),
      moving: 2 * (32 + 32 + 64 + 64 + 256),
    },
    // 28 − 2 = 26, 26 − 2 = 24, halved 12.
    simple: { total: 9 * 1 * 64 + 64 + (9 * 64 * 32 + 32) + (12 * 12 * 32 * 10 + 10), moving: 0 },
    // Halved from 28 to 14, 7 and 3.
    small: {
      total: 9 * 1 * 16 + 16 + (9 * 16 * 32 + 32) + (9 * 32 * 48 + 48) + (3 * 3 * 48 * 10 + 10),
      moving: 0,
    },
    mlp: { total: 784 * 5 + 5 + (5 * 10 + 10), moving: 0 },
  };

  it('have as many parameters as counted by hand', () => {
    expect(byHand.paper.total).toBe(887_530);
    for (const name of names) {
      const model = make(name);
      const trainable = model.layers
        .flatMap(({ parameters }) => parameters)
        .filter(({ isTrainable = true }) => isTrainable)
        .reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
      expect({ name, total: model.parameterCount, moving: model.parameterCount - trainable }).toEqual({
        name,
        ...byHand[name],
      });
    }
  });

  it.each(names)('%s takes other images and classes, and ends in logits of that many', (name) => {
    const model = make(name, { inputShape: [32, 24, 3], classes: 7, name: 'mine' });
    expect(model).toMatchObject({ name: 'mine', inputShape: [32, 24, 3], classes: 7 });
    expect(make(name).name).toBe(name);
  });

  it.each(names)('%s is made again from its description', (name) => {
    const model = make(name, { kernelRegularizer: { l2: 1e-3 } });
    const json: unknown = JSON.parse(JSON.stringify(model.toJson()));
    const again = Model.fromJson(json);
    expect(again.toJson()).toEqual(model.toJson());
    expect(again.layers.map(({ parameters }) => parameters)).toEqual(
      model.layers.map(({ parameters }) => parameters),
    );
  });

  it('put the regularizer on every kernel and on nothing else', () => {
    for (const name of names) {
      const specs = make(name, { kernelRegularizer: { l2: 0.5 } }).layers.flatMap(
        ({ parameters }) => parameters,
      );
      for (const { name: parameter, l2 } of specs) expect(l2).toBe(parameter === 'kernel' ? 0.5 : undefined);
      expect(specs.some(({ l2 }) => l2 === 0.5)).toBe(true);
      expect(make(name).layers.flatMap(({ parameters }) => parameters.map(({ l2 }) => l2))).not.toContain(
        0.5,
      );
    }
  });
});

test('the summary tells what is trained from what is not', () => {
  const lines = make('paper-bn')
    .summary(() => undefined)
    .split('\n');
  expect(lines).toContain('│ batch_normalization (BatchNormalization)   │ (None, 28, 28, 32) │     128 │');
  expect(lines.slice(-3)).toEqual([
    ' Total params: 888,874 (3.39 MB)',
    ' Trainable params: 887,978 (3.39 MB)',
    ' Non-trainable params: 896 (3.50 KB)',
  ]);
});

test('parameters are named as in Keras', () => {
  const paths = make('paper-bn').layers.flatMap(({ name, parameters }) =>
    parameters.map((spec) => `${name}/${spec.name}`),
  );
  expect(paths.slice(0, 6)).toEqual([
    'conv2d/kernel',
    'batch_normalization/gamma',
    'batch_normalization/beta',
    'batch_normalization/moving_mean',
    'batch_normalization/moving_variance',
    'conv2d_1/kernel',
  ]);
});

test('a normalisation without scale or centre has no parameter for it', () => {
  const named = (layer: ReturnType<typeof batchNormalization>): string[] =>
    layer.parameters([[4, 4, 6]]).map(({ name, shape }) => `${name} [${shape.join(',')}]`);
  expect(named(batchNormalization())).toEqual([
    'gamma [6]',
    'beta [6]',
    'moving_mean [6]',
    'moving_variance [6]',
  ]);
  expect(named(batchNormalization({ scale: false }))).not.toContain('gamma [6]');
  expect(named(batchNormalization({ center: false, scale: false }))).toHaveLength(2);
});

test('pooling layers have the shapes of Keras', () => {
  for (const pooling of [maxPooling2d, averagePooling2d]) {
    expect(pooling().outputShape([[7, 5, 3]])).toEqual([3, 2, 3]);
    expect(pooling({ poolSize: 3, strides: 2, padding: 'same' }).outputShape([[7, 5, 3]])).toEqual([4, 3, 3]);
  }
});

test('options out of range are refused in plain words', () => {
  const wrong: Record<string, () => unknown> = {
    momentum: () => batchNormalization({ momentum: 1 }),
    epsilon: () => batchNormalization({ epsilon: 0 }),
    'no axis': () => batchNormalization().outputShape([[]]),
    activation: () => activation({ activation: 'unheardOf' as never }),
    'activation by another name': () => dense({ units: 1, activation: 'toString' as never }),
    'average of rows': () => averagePooling2d().outputShape([[8, 3]]),
    'window too large': () => averagePooling2d({ poolSize: 5 }).outputShape([[4, 4, 1]]),
    'conv2d regularizer': () => conv2d({ filters: 1, kernelSize: 1, kernelRegularizer: { l2: -1 } }),
    'dense regularizer': () => dense({ units: 1, kernelRegularizer: { l2: NaN } }),
    sgd: () => sgd({ momentum: -0.1 }),
    'layer class': () =>
      Model.fromJson({ inputShape: [2], layers: [{ className: 'constructor', config: {} }] }),
  };
  const told = Object.entries(wrong).map(([name, call]) => {
    try {
      call();
      return `${name}: NOT REFUSED`;
    } catch (error) {
      return `${name}: ${String(error)}`;
    }
  });
  const known = Object.keys(layerClasses).sort().join(', ');
  expect(told.join('\n').replace(known, '<the layers>')).toMatchInlineSnapshot(`
    "momentum: UsageError: layers.batchNormalization: momentum is 1, expected a number in [0, 1).
    epsilon: UsageError: layers.batchNormalization: epsilon is 0, expected a positive number.
    no axis: ShapeError: layers.batchNormalization: the input has no axis per sample, expected channels last.
    activation: UsageError: layers.activation: activation is 'unheardOf', expected a registered activation, such as 'relu', or a function, such as ops.gelu; see registerActivations.
    activation by another name: UsageError: layers.dense: activation is 'toString', expected a registered activation, such as 'relu', or a function, such as ops.gelu; see registerActivations.
    average of rows: ShapeError: layers.averagePooling2d: the input is [8,3] per sample, expected [height,width,channels].
    window too large: ShapeError: layers.averagePooling2d: the window 5×5 exceeds the input of 4×4 pixels; use padding 'same' or a smaller window.
    conv2d regularizer: UsageError: layers.conv2d: kernelRegularizer.l2 is -1, expected a non-negative number.
    dense regularizer: UsageError: layers.dense: kernelRegularizer.l2 is NaN, expected a non-negative number.
    sgd: UsageError: optimizers.sgd: momentum is -0.1, expected a number from 0 to 1.
    layer class: ModelError: model: its description is damaged: layer 1 (constructor): layer class 'constructor' is unknown, expected one of <the layers>."
  `);
});

test('sgd keeps a velocity only where there is momentum', () => {
  expect(sgd()).toMatchObject({ learningRate: 0.01, slots: [], config: { momentum: 0, nesterov: false } });
  expect(sgd({ momentum: 0.9, nesterov: true })).toMatchObject({
    slots: ['velocity'],
    config: { momentum: 0.9, nesterov: true },
  });
});

test('an optimizer is made again from what model.json keeps of it', () => {
  for (const optimizer of [
    sgd({ momentum: 0.7, nesterov: true, learningRate: 0.3 }),
    rmsprop({ rho: 0.5, epsilonPlacement: 'outside', learningRate: 0.3 }),
    adamW({ excludeFromWeightDecay: ['embedding', /^head\/kernel$/], learningRate: 0.3 }),
  ]) {
    const { name, config } = optimizer;
    const kept = JSON.parse(JSON.stringify({ name, config })) as typeof optimizer;
    const again = optimizerFromConfig(kept, 0.3);
    const plain = (each: Optimizer): object => JSON.parse(JSON.stringify(each)) as object;
    expect(plain(again)).toEqual(plain(optimizer));
    expect(again.scalars).toMatchObject(
      Object.fromEntries(
        Object.keys(optimizer.scalars).map((each) => [each, expect.any(Function) as unknown]),
      ),
    );
    expect(optimizerFromConfig(kept).learningRate).not.toBe(0.3);
  }
  expect(() => optimizerFromConfig({ name: 'adagard', config: {} })).toThrow(
    "optimizers.fromConfig: name is 'adagard', expected one of adadelta, adagrad, adam, adamW, adamax, lion, muon, nadam, rmsprop, sgd",
  );
});

test('compile takes the name of an optimizer', () => {
  const net = sequential([dense({ units: 1, inputShape: [2] })], { device: hollowDevice('gpu') });
  net.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
  expect(net.optimizer).toMatchObject({ name: 'adam', config: adam().config, learningRate: 1e-3 });
  expect(() => net.compile({ optimizer: 'adamw', loss: 'sparseCategoricalCrossentropy' })).toThrow(
    /^compile: optimizer is 'adamw', expected a name among those that the program imports, adadelta, adagrad, .*, or the result of an optimizer's function, such as optimizers\.adam\(\); did you mean 'adamW'\.$/,
  );
});
