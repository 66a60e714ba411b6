/**
 * The options of a layer's parameters, without a device:
 *   initialisers: mean, variance and limits by the fans of dense and convolution layers; rows and columns at right angles;
 *   the bits of the default ones; functions of a user's own
 *   penalties: values by hand, of weights and of activations, whose mean leaves out samples behind the end of the epoch
 *   constraints: values by hand
 *   files: options come back; functions by their names; what is refused
 *   plans: penalties in the loss, constraints after the optimizer
 */
import { beforeAll, describe, expect, it, test } from 'vitest';
import { stateOf } from '../../src/check/draws.js';
import { checks } from '../../src/check/index.js';
import { Trace } from '../../src/engine/trace.js';
import type { Tensor } from '../../src/engine/tensor.js';
import { scale, square, sum } from '../../src/kernels/index.js';
import { activityPenaltyOf, penaltyOf } from '../../src/nn/parameters/regularizers.js';
import { constrained } from '../../src/nn/parameters/constraints.js';
import { initialValues } from '../../src/nn/parameters/initializers.js';
import { layerClasses } from '../../src/nn/layers/class_names.js';
import {
  activityRegularization,
  batchNormalization,
  conv2d,
  dense,
  embedding,
  flatten,
  groupNormalization,
  instanceNormalization,
  layerNormalization,
  prelu,
  rmsNormalization,
} from '../../src/nn/layers/index.js';
import type { Layer } from '../../src/nn/layers/layer.js';
import { type Constraint, parameterExtensions } from '../../src/nn/parameters/parameter_options.js';
import { layerFromConfig, registerLayers } from '../../src/nn/layers/registry.js';
import { Model, sequential } from '../../src/nn/model.js';
import { sgd } from '../../src/nn/optimizers/index.js';
import { registerFunctions } from '../../src/nn/files/own_functions.js';
import { allParameterOptions } from '../../src/nn/parameters/parameter_extensions.js';
import { type Array64, array64 } from '../../src/reference/array64.js';
import { Interpreter, referencesOf } from '../../src/reference/interpreter.js';
import { hollowDevice } from './fake_device.js';
import { plannedStep } from './planned_step.js';

const kernelOf = (layer: Layer, shape: readonly number[]): Float32Array => {
  const [spec] = layer.parameters([shape]);
  return initialValues(spec!, 7, 3);
};

/** Before anything is registered, as in the first scripts of the page. */
const bare = kernelOf(dense({ units: 9 }), [5]);

beforeAll(() => {
  registerLayers(layerClasses);
  parameterExtensions.provide(allParameterOptions);
});

const refusal = (call: () => unknown): string => {
  try {
    call();
  } catch (error) {
    return String(error);
  }
  return 'NOT REFUSED';
};

const references = referencesOf([...checks.values()].map(({ reference }) => reference));

function valueOf(inputs: readonly Array64[], fn: (...tensors: Tensor[]) => Tensor): number[] {
  const trace = new Trace();
  const tensors = inputs.map((each) => trace.input(each));
  const result = trace.record(() => fn(...tensors));
  return [...new Interpreter(trace, references, [result]).run(inputs).valueOf(result).values];
}

describe('an initialiser', () => {
  const [fanIn, fanOut] = [120, 80];
  const average = (fanIn + fanOut) / 2;
  it.each<[object | string, { variance: number; limit?: number; mean?: number }]>([
    ['glorotUniform', { variance: 1 / average, limit: Math.sqrt(3 / average) }],
    ['glorotNormal', { variance: 1 / average, limit: 2 / Math.sqrt(average) / 0.8796256610342398 }],
    ['heUniform', { variance: 2 / fanIn, limit: Math.sqrt(6 / fanIn) }],
    ['heNormal', { variance: 2 / fanIn, limit: (2 * Math.sqrt(2 / fanIn)) / 0.8796256610342398 }],
    ['lecunUniform', { variance: 1 / fanIn, limit: Math.sqrt(3 / fanIn) }],
    ['lecunNormal', { variance: 1 / fanIn }],
    ['randomUniform', { variance: 0.1 ** 2 / 12, limit: 0.05 }],
    [
      { kind: 'randomUniform', minval: 1, maxval: 4 },
      { variance: 9 / 12, mean: 2.5 },
    ],
    ['randomNormal', { variance: 0.05 ** 2 }],
    [
      { kind: 'randomNormal', mean: -1, stddev: 2 },
      { variance: 4, mean: -1 },
    ],
    [
      { kind: 'truncatedNormal', stddev: 2 },
      { variance: (2 * 0.8796256610342398) ** 2, limit: 4 },
    ],
    [
      { kind: 'varianceScaling', scale: 3, mode: 'fanOut', distribution: 'untruncatedNormal' },
      { variance: 3 / fanOut },
    ],
  ])('%j has its mean and variance', (kernelInitializer, { variance, mean = 0, limit }) => {
    const values = kernelOf(dense({ units: fanOut, kernelInitializer: kernelInitializer as 'heNormal' }), [
      fanIn,
    ]);
    const found = values.reduce((total, x) => total + x, 0) / values.length;
    const spread = values.reduce((total, x) => total + (x - found) ** 2, 0) / values.length;
    expect(Math.abs(found - mean)).toBeLessThan(4 * Math.sqrt(variance / values.length));
    expect(Math.abs(spread / variance - 1)).toBeLessThan(0.06);
    const largest = values.reduce((most, x) => Math.max(most, Math.abs(x - mean)), 0);
    // The whole range is used, and nothing beyond it.
    const share = limit === undefined ? 1 : largest / limit;
    expect(share).toBeLessThan(1.000001);
    expect(share).toBeGreaterThan(0.9);
  });

  it('counts the pixels of a window in its fans', () => {
    const layer = conv2d({ filters: 16, kernelSize: [3, 5], kernelInitializer: 'heUniform' });
    const values = kernelOf(layer, [8, 8, 6]);
    const limit = Math.sqrt(6 / (15 * 6));
    expect(Math.max(...values.map(Math.abs))).toBeLessThan(limit * (1 + 1e-6));
    expect(Math.max(...values.map(Math.abs))).toBeGreaterThan(0.95 * limit);
  });

  it('of the default has the same bits by its name, and without other initialisers', () => {
    const values = kernelOf(dense({ units: 9 }), [5]);
    expect(values).toEqual(bare);
    expect(kernelOf(dense({ units: 9, kernelInitializer: 'glorotUniform' }), [5])).toEqual(values);
    expect(kernelOf(dense({ units: 9, kernelInitializer: { kind: 'glorotUniform' } }), [5])).toEqual(values);
  });

  it('orthogonal draws rows or columns of length gain at right angles', () => {
    for (const [inputs, units] of [
      [12, 7],
      [7, 12],
      [9, 9],
    ] as const) {
      const w = kernelOf(dense({ units, kernelInitializer: { kind: 'orthogonal', gain: 2 } }), [inputs]);
      const isWide = inputs < units;
      const count = Math.min(inputs, units);
      const at = (k: number, i: number): number => (isWide ? w[k * units + i]! : w[i * units + k]!);
      for (let a = 0; a < count; a++)
        for (let b = 0; b <= a; b++) {
          let dot = 0;
          for (let i = 0; i < Math.max(inputs, units); i++) dot += at(a, i) * at(b, i);
          expect(dot).toBeCloseTo(a === b ? 4 : 0, 5);
        }
    }
    const window = kernelOf(
      conv2d({ filters: 4, kernelSize: 3, kernelInitializer: 'orthogonal' }),
      [8, 8, 2],
    );
    const first = Array.from({ length: 18 }, (_, i) => window[4 * i]!);
    expect(first.reduce((total, x) => total + x * x, 0)).toBeCloseTo(1, 5);
  });

  it('sets constants and identities', () => {
    const identity = { kind: 'identity', gain: 3 } as const;
    expect([...kernelOf(dense({ units: 2, kernelInitializer: identity }), [3])]).toEqual([3, 0, 0, 3, 0, 0]);
    expect([...kernelOf(dense({ units: 3, kernelInitializer: identity }), [2])]).toEqual([3, 0, 0, 0, 3, 0]);
    const constant = { kind: 'constant', value: 0.25 } as const;
    expect([...kernelOf(dense({ units: 2, kernelInitializer: constant }), [1])]).toEqual([0.25, 0.25]);
    const [, bias] = dense({ units: 2, biasInitializer: 'ones' }).parameters([[3]]);
    expect([...initialValues(bias!, 0, 0)]).toEqual([1, 1]);
  });

  it.each<[string, (options: object) => Layer, Record<string, string>]>([
    ['batchNormalization', batchNormalization, { gamma: 'ones', beta: 'zeros' }],
    ['layerNormalization', layerNormalization, { gamma: 'ones', beta: 'zeros' }],
    [
      'groupNormalization',
      (more) => groupNormalization({ groups: 2, ...more }),
      { gamma: 'ones', beta: 'zeros' },
    ],
    ['instanceNormalization', instanceNormalization, { gamma: 'ones', beta: 'zeros' }],
    ['rmsNormalization', rmsNormalization, { scale: 'ones' }],
    ['prelu', prelu, { alpha: 'zeros' }],
    [
      'embedding',
      (more) => embedding({ inputDim: 3, outputDim: 2, ...more }),
      { embeddings: 'randomUniform' },
    ],
  ])('is an option of %s, as penalty and constraint are', (_, make, parameters) => {
    const shape = [4, 4, 2];
    for (const [name, kind] of Object.entries(parameters)) {
      const specOf = (layer: Layer) => layer.parameters([shape]).find((each) => each.name === name)!;
      expect(specOf(make({})).initializer).toMatchObject({ kind });
      const options = {
        [`${name}Initializer`]: { kind: 'constant', value: 0.5 },
        [`${name}Regularizer`]: { l1: 0.1, l2: 0 },
        [`${name}Constraint`]: 'nonNeg',
      };
      const layer = make(options);
      const again = layerFromConfig(layer.className, JSON.parse(JSON.stringify(layer.config)) as object);
      for (const each of [layer, again]) {
        const spec = specOf(each);
        expect(new Set(initialValues(spec, 0, 0))).toEqual(new Set([0.5]));
        expect(spec.constraint).toEqual({ kind: 'nonNeg' });
        expect(spec.regularizer).toEqual({ l1: 0.1, l2: 0 });
      }
      expect(layer.config).toMatchObject(options);
    }
  });

  it('may be a function, which gets numbers of the seed', () => {
    const own = ([rows, columns]: readonly number[], random: () => number): Float32Array =>
      Float32Array.from({ length: rows! * columns! }, (_, i) => i + random());
    const layer = dense({ units: 2, kernelInitializer: own });
    const values = kernelOf(layer, [2]);
    expect([...values].map(Math.floor)).toEqual([0, 1, 2, 3]);
    expect(kernelOf(layer, [2])).toEqual(values);
    expect(new Set([...values].map((x, i) => x - i)).size).toBe(4);
    const short = dense({ units: 2, kernelInitializer: () => new Float32Array(3) });
    expect(refusal(() => kernelOf(short, [2]))).toMatchInlineSnapshot(
      `"UsageError: initializer: the function of kernel returned a Float32Array, expected 4 numbers, for the shape [2,2]."`,
    );
  });
});

describe('a penalty', () => {
  const w = array64([2, 2], [1, -2, 3, 4]);
  it.each<[Parameters<typeof penaltyOf>[1], number]>([
    ['l1', 0.1],
    ['l2', 0.3],
    [{ l1: 0.5 }, 5],
    [{ l2: 0.5 }, 15],
    [{ l1: 0.5, l2: 0.1 }, 8],
    [(x: Tensor) => scale(sum(square(x)), 2), 60],
    // cos of (1, −2) and (3, 4) is −1/√5; of the columns (1, 3) and (−2, 4) 1/√2.
    [{ kind: 'orthogonal', factor: 1 }, 1 / Math.sqrt(5)],
    [{ kind: 'orthogonal', factor: 3, mode: 'columns' }, 3 * Math.SQRT1_2],
  ])('%j', (regularizer, expected) => {
    expect(valueOf([w], (x) => penaltyOf(x, regularizer))[0]).toBeCloseTo(expected, 9);
  });

  it('of activations is the mean of the samples that count', () => {
    const x = array64([3, 2], [1, -2, 3, 4, NaN, Infinity]);
    const last = stateOf({ cursor: 8, epochSize: 10 });
    const value = (regularizer: Parameters<typeof penaltyOf>[1]): number =>
      valueOf([x, last], (each, state) => activityPenaltyOf(each, regularizer, state))[0]!;
    expect(value({ l1: 0.5 })).toBeCloseTo(5 / 2, 12);
    expect(value({ l2: 0.1 })).toBeCloseTo(3 / 2, 12);
    expect(value((each) => sum(each))).toBeCloseTo(6 / 2, 12);
    // The layer adds the same, where there is a loss.
    const found = valueOf([x, last], (each, state) => {
      const losses: Tensor[] = [];
      const addLoss = (loss: Tensor): unknown => losses.push(loss);
      const context = { isTraining: false, isFrozen: false, stream: 0, state };
      const layer = activityRegularization({ l1: 0.5, l2: 0.1 });
      expect(layer.call([each], {}, context)).toBe(each);
      layer.call([each], {}, { ...context, addLoss });
      return losses[0]!;
    });
    expect(found[0]).toBeCloseTo(4, 12);
  });
});

test.each<[Constraint, number[], number[]]>([
  [{ kind: 'nonNeg' }, [3, -1, 4, 2], [3, 0, 4, 2]],
  // The columns are (3, 4) and (0.3, 0.4).
  [{ kind: 'maxNorm' }, [3, 0.3, 4, 0.4], [1.2, 0.3, 1.6, 0.4]],
  [{ kind: 'maxNorm', maxValue: 1 }, [3, 0.3, 4, 0.4], [0.6, 0.3, 0.8, 0.4]],
  [{ kind: 'unitNorm' }, [3, 0.3, 4, 0.4], [0.6, 0.6, 0.8, 0.8]],
  [{ kind: 'unitNorm', axis: [0, 1] }, [1, 1, 1, 1], [0.5, 0.5, 0.5, 0.5]],
  [{ kind: 'minMaxNorm', minValue: 1, maxValue: 2 }, [3, 0.3, 4, 0.4], [1.2, 0.6, 1.6, 0.8]],
  [{ kind: 'minMaxNorm', maxValue: 3, rate: 0.5 }, [3, 0.3, 4, 0.4], [2.4, 0.3, 3.2, 0.4]],
  [(w) => scale(w, 2), [1, 2, 3, 4], [2, 4, 6, 8]],
])('the constraint %j', (constraint, before, after) => {
  const values = valueOf([array64([2, 2], before)], (w) => constrained(w, constraint));
  values.forEach((value, i) => expect(value).toBeCloseTo(after[i]!, 5));
});

const ramp = (shape: readonly number[]): Float32Array =>
  Float32Array.from({ length: shape[0]! }, (_, i) => i);
const large = (w: Tensor): Tensor => sum(square(w));

describe('in a file', () => {
  const throughFile = (model: Model): Model =>
    Model.fromJson(JSON.parse(JSON.stringify(model.toJson())) as object);

  it('options come back, and those that were not given take no place', () => {
    const options = {
      kernelInitializer: { kind: 'truncatedNormal', stddev: 0.1 },
      kernelRegularizer: { l1: 0.01, l2: 0.02 },
      kernelConstraint: 'nonNeg',
      biasInitializer: 'ones',
      biasRegularizer: 'l2',
      biasConstraint: { kind: 'maxNorm', maxValue: 3 },
      activityRegularizer: { l2: 0.03 },
    } as const;
    const made = sequential([dense({ units: 2, ...options, inputShape: [3] }), dense({ units: 1 })]);
    const again = throughFile(made);
    expect(again.toJson()).toEqual(JSON.parse(JSON.stringify(made.toJson())));
    expect(again.network.parameters).toEqual(made.network.parameters);
    expect(again.layers[0]!.layer).toMatchObject({ activityRegularizer: { l2: 0.03 } });
    expect(again.layers[1]!.layer.config).toEqual({
      units: 1,
      activation: 'linear',
      useBias: true,
      kernelRegularizer: null,
    });
  });

  it('functions are stored by their names', () => {
    const make = () =>
      sequential([dense({ units: 2, biasInitializer: ramp, activityRegularizer: large, inputShape: [3] })]);
    expect(refusal(() => make().toJson())).toMatchInlineSnapshot(
      `"ModelError: model: biasInitializer is a function, which a file cannot hold; give it a name with registerFunctions({ name: it })."`,
    );
    registerFunctions({ ramp, large });
    const json = JSON.stringify(make().toJson());
    expect(json).toContain('"biasInitializer":{"function":"ramp"}');
    const again = throughFile(make());
    expect(again.network.parameters[1]!.initializer).toBe(ramp);
    expect(JSON.stringify(again.toJson())).toBe(json);
    expect(
      refusal(() => Model.fromJson(JSON.parse(json.replace('"ramp"', '"slope"')) as object)),
    ).toMatchInlineSnapshot(
      `"ModelError: model: its description is damaged: layer 1 (Dense): layers.dense: biasInitializer is an object, expected a registered function (ramp, large); call registerFunctions first."`,
    );
    expect(refusal(() => registerFunctions({ ramp: () => 1 }))).toMatchInlineSnapshot(
      `"UsageError: registerFunctions: 'ramp' is the name of another function; choose a name of its own."`,
    );
    expect(refusal(() => registerFunctions({ other: 3 as never }))).toMatchInlineSnapshot(
      `"UsageError: registerFunctions: other is 3, expected a function."`,
    );
  });
});

test('options that do not fit are refused', () => {
  const wrong: object[] = [
    { kernelInitializer: 'heNormall' },
    { kernelInitializer: 3 },
    { kernelInitializer: { kind: 'constant', valeu: 1 } },
    { kernelInitializer: { kind: 'randomNormal', stddev: -1 } },
    { kernelInitializer: { stddev: 1 } },
    { kernelRegularizer: 'l3' },
    { kernelRegularizer: { l1: -1 } },
    { kernelRegularizer: { kind: 'orthogonal', mode: 'row' } },
    { kernelConstraint: 'maxnorm' },
    { kernelConstraint: { kind: 'maxNorm', maxValue: 0 } },
    { kernalConstraint: 'maxNorm' },
    { activityRegularizer: 1 },
  ];
  const told = wrong.map((options) => refusal(() => dense({ units: 1, ...options })));
  const built = [{ biasInitializer: 'orthogonal' }, { kernelInitializer: 'identity' }].map((options) =>
    refusal(() =>
      sequential([conv2d({ filters: 1, kernelSize: 1, inputShape: [2, 2, 1], ...(options as object) })]),
    ),
  );
  expect([...told, ...built].join('\n')).toMatchInlineSnapshot(`
    "UsageError: layers.dense: kernelInitializer is 'heNormall', expected one of zeros, ones, constant, glorotUniform, glorotNormal, heUniform, heNormal, lecunUniform, lecunNormal, randomUniform, randomNormal, truncatedNormal, varianceScaling, orthogonal, identity, an object with one of them as its kind, or a function (shape, random) => Float32Array.
    UsageError: layers.dense: kernelInitializer is 3, expected one of zeros, ones, constant, glorotUniform, glorotNormal, heUniform, heNormal, lecunUniform, lecunNormal, randomUniform, randomNormal, truncatedNormal, varianceScaling, orthogonal, identity, an object with one of them as its kind, or a function (shape, random) => Float32Array.
    UsageError: layers.dense: 'kernelInitializer.valeu' is not an option; did you mean 'value'?
    UsageError: layers.dense: kernelInitializer.stddev is -1, expected a non-negative number.
    UsageError: layers.dense: kernelInitializer is an object, expected one of zeros, ones, constant, glorotUniform, glorotNormal, heUniform, heNormal, lecunUniform, lecunNormal, randomUniform, randomNormal, truncatedNormal, varianceScaling, orthogonal, identity, an object with one of them as its kind, or a function (shape, random) => Float32Array.
    UsageError: layers.dense: kernelRegularizer is 'l3', expected 'l1', 'l2', { l1, l2 }, { kind: 'orthogonal', factor, mode } or a function of a tensor, or null.
    UsageError: layers.dense: kernelRegularizer.l1 is -1, expected a non-negative number.
    UsageError: layers.dense: kernelRegularizer.mode is 'row', expected 'rows' or 'columns'.
    UsageError: layers.dense: kernelConstraint is 'maxnorm', expected one of maxNorm, minMaxNorm, nonNeg, unitNorm, an object with one of them as its kind, or a function of a tensor, or null.
    UsageError: layers.dense: kernelConstraint.maxValue is 0, expected a positive number.
    UsageError: layers.dense: 'kernalConstraint' is not an option; did you mean 'kernelConstraint'?
    UsageError: layers.dense: activityRegularizer is 1, expected 'l1', 'l2', { l1, l2 }, { kind: 'orthogonal', factor, mode } or a function of a tensor, or null.
    ShapeError: model: layer 'conv2d': orthogonal: bias is [1], expected at least two axes; choose another initialiser.
    ShapeError: model: layer 'conv2d': identity: kernel is [1,1,1,1], expected two axes; choose another initialiser."
  `);
});

test('a step adds penalties to the loss, and constrains after the optimizer', () => {
  const labels = (options: object): string[] => {
    const made = sequential(
      [
        conv2d({ filters: 4, kernelSize: 3, inputShape: [8, 8, 1], ...options }),
        flatten(),
        dense({ units: 3, activation: 'softmax' }),
      ],
      { device: hollowDevice('gpu') },
    );
    made.compile({ optimizer: sgd({ momentum: 0.9 }), loss: 'sparseCategoricalCrossentropy' });
    return plannedStep(made).dispatches.map(({ label }) => label);
  };
  const added = (options: object): string => {
    const plain = labels({});
    return labels(options)
      .filter((label) => !plain.includes(label))
      .join('\n');
  };
  expect(added({ kernelRegularizer: { l2: 0.1 } })).toMatchInlineSnapshot(`
    "l2_penalty/forward
    l2_penalty/forward
    conv2d/kernel_gradient + scale/forward + add/forward
    conv2d/kernel_gradient + scale/forward + add/forward
    l2_totals/forward"
  `);
  expect(added({ activityRegularizer: { l2: 0.1 } })).toMatchInlineSnapshot(`
    "fill/forward + counted_rows/forward
    conv2d/forward + add/forward + counted_rows/forward
    l2_penalty/forward + divide/forward
    l2_penalty/forward + divide/forward
    fill/forward + divide/forward
    matmul/forward + l2_penalty/weight_gradient + counted_rows/forward + add/forward
    l2_totals/forward"
  `);
  // The convolution is not computed again for its penalty.
  const convolutions = labels({ activityRegularizer: { l2: 0.1 } }).filter((label) =>
    label.startsWith('conv2d/forward'),
  );
  expect(convolutions).toHaveLength(1);
  const constrainedLabels = labels({ kernelConstraint: 'maxNorm' });
  const optimizer = constrainedLabels.findIndex((label) => label.includes('step_scalar'));
  expect(optimizer).toBeGreaterThan(0);
  expect(constrainedLabels.slice(optimizer)).toMatchInlineSnapshot(`
    [
      "scale/forward + step_scalar/forward + multiply/forward + subtract/forward + assign/forward + add/forward + assign/forward",
      "square/forward",
      "sum/forward + sqrt/forward + scale/forward + fill/forward + minimum/forward + divide/forward",
      "multiply/forward + assign/forward",
      "step_state/end_step",
    ]
  `);
  // Frozen parameters stay as they are.
  expect(labels({ kernelConstraint: 'maxNorm', trainable: false })).toEqual(labels({ trainable: false }));
});
