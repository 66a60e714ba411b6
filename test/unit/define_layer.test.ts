/**
 * Layers of a user's own (`defineLayer` of the library):
 *   used by apply and in sequential; parameters, values, default shape
 *   options: defaults, rules, what is not a plain value; saved and loaded by the class name
 *   several inputs
 *   refused: a class that exists, definitions and results of its functions that are wrong
 */
import { describe, expect, it } from 'vitest';
import type { Tensor } from '../../src/engine/tensor.js';
import { add, multiply, scale, sum } from '../../src/kernels/index.js';
import { dense } from '../../src/nn/layers/dense.js';
import { defineLayer } from '../../src/nn/layers/define_layer.js';
import { input } from '../../src/nn/layers/input.js';
import { registerLayers } from '../../src/nn/layers/registry.js';
import { Model, model, sequential } from '../../src/nn/model.js';
import { array64 } from '../../src/reference/array64.js';
import { layerValues } from './layer_values.js';

registerLayers({ Dense: dense });

const Scaled = defineLayer({
  className: 'Scaled',
  parameters: (shape) => [{ name: 'gain', shape, initializer: { kind: 'ones' } }],
  call: (x, { gain }) => multiply(x, gain),
});

const Powers = defineLayer({
  className: 'Powers',
  defaults: { factor: 2, keep: [1, 2] },
  rules: { factor: (value) => ((value as number) > 0 ? undefined : 'a positive number') },
  outputShape: (_, { keep }) => [keep.length],
  call: (x, _, { config, isTraining }) => scale(x, isTraining ? 1 : config.factor),
});

const Mixed = defineLayer({
  className: 'Mixed',
  takesSeveral: true,
  parameters: ([first, second]) => [
    { name: 'left', shape: first, initializer: { kind: 'ones' } },
    { name: 'right', shape: second!, initializer: { kind: 'zeros' }, isTrainable: false },
  ],
  call: ([a, b], { left, right }) => add(multiply(a, left), multiply(b!, right)),
});

const refusal = (call: () => unknown): string => {
  try {
    call();
  } catch (error) {
    return String(error);
  }
  return 'NOT REFUSED';
};

describe('a layer of a user', () => {
  it('is applied, stands in sequences, and has parameters and values', () => {
    const x = input({ shape: [3] });
    const net = model({ inputs: x, outputs: dense({ units: 2 }).apply(Scaled({ name: 'gains' }).apply(x)) });
    expect(net.network.parameters.map(({ path, shape }) => [path, shape])).toEqual([
      ['gains/gain', [3]],
      ['dense/kernel', [3, 2]],
      ['dense/bias', [2]],
    ]);
    expect(sequential([Scaled({ inputShape: [4] }), Scaled()]).layers.map(({ name }) => name)).toEqual([
      'scaled',
      'scaled_1',
    ]);
    const values = layerValues(Scaled(), [array64([2, 3], [1, 2, 3, 4, 5, 6])], {
      parameters: { gain: array64([3], [1, 10, 100]) },
    });
    expect(values).toEqual(array64([2, 3], [1, 20, 300, 4, 50, 600]));
  });

  it('has options with defaults, which its functions get', () => {
    const x = array64([1, 2], [3, 5]);
    expect([...layerValues(Powers(), [x]).values]).toEqual([6, 10]);
    expect([...layerValues(Powers({ factor: 4 }), [x]).values]).toEqual([12, 20]);
    expect([...layerValues(Powers({ factor: 4 }), [x], { isTraining: true }).values]).toEqual([3, 5]);
    expect(Powers({ factor: undefined as never }).config).toEqual({ factor: 2, keep: [1, 2] });
  });

  it('takes several inputs as lists', () => {
    const x = input({ shape: [2] });
    const net = model({ inputs: x, outputs: Mixed().apply([x, Scaled().apply(x)]) });
    expect(net.network.shapeOf('mixed')).toEqual([2]);
    const parameters = { left: array64([2], [1, 2]), right: array64([2], [10, 20]) };
    const inputs = [array64([1, 2], [3, 4]), array64([1, 2], [5, 6])];
    expect([...layerValues(Mixed(), inputs, { parameters }).values]).toEqual([53, 128]);
  });

  it('is loaded by its class name, with its options', () => {
    const net = sequential([
      Powers({ factor: 3, trainable: false, inputShape: [2] }),
      Scaled({ trainable: false }),
    ]);
    const json = JSON.parse(JSON.stringify(net.toJson())) as object;
    const again = Model.fromJson(json);
    expect(again.toJson()).toEqual(json);
    expect(again.layers[0]!.layer.config).toEqual({ factor: 3, keep: [1, 2] });
    expect(again.layers[1]!.isFrozen).toBe(true);
    expect(
      refusal(() => Model.fromJson(JSON.parse(JSON.stringify(json).replace('"factor":3', '"factor":-3')))),
    ).toMatchInlineSnapshot(
      `"ModelError: model: its description is damaged: layer 1 (Powers): Powers: factor is -3, expected a positive number."`,
    );
  });
});

describe('refused', () => {
  it('are options that the layer does not have, or that a file cannot hold', () => {
    const wrong = [
      { fator: 3 },
      { factor: -1 },
      { factor: NaN },
      { keep: () => 1 },
      { keep: new Map() },
      { units: 1 },
    ];
    expect(wrong.map((options) => refusal(() => Powers(options as never))).join('\n')).toMatchInlineSnapshot(`
      "UsageError: Powers: 'fator' is not an option; did you mean 'factor'?
      UsageError: Powers: factor is -1, expected a positive number.
      UsageError: Powers: factor is NaN, expected a positive number.
      UsageError: Powers: keep is a function, expected a plain value: a number, a string, true, false, null, or a list or an object of these.
      UsageError: Powers: keep is a Map, expected a plain value: a number, a string, true, false, null, or a list or an object of these.
      UsageError: Powers: 'units' is not an option; expected one of factor, keep, name, inputShape, trainable, activityRegularizer."
    `);
    const Needs = defineLayer({
      className: 'Needs',
      rules: { units: (value) => (typeof value === 'number' ? undefined : 'a number') },
      call: (x, _, { config }: { readonly config: { readonly units: number } }) => scale(x, config.units),
    });
    expect(refusal(() => Needs())).toMatchInlineSnapshot(
      `"UsageError: Needs: units is missing, expected a number."`,
    );
  });

  it('are definitions under the name of another class, and wrong ones', () => {
    const call = (x: Tensor): Tensor => x;
    const wrong: object[] = [
      { className: 'Scaled', call },
      { className: 'Dense', call },
      { className: 'a/b', call },
      { call },
      { className: 'Own' },
      { className: 'Own', call, build: call },
      { className: 'Own', call, defaults: { x: () => 1 } },
      { className: 'Own', call, rules: { x: 'positive' } },
    ];
    expect(wrong.map((definition) => refusal(() => defineLayer(definition as never))).join('\n'))
      .toMatchInlineSnapshot(`
        "UsageError: defineLayer: className is 'Scaled', expected a name that no other layer class has; define each class once, under a name of its own.
        UsageError: defineLayer: className is 'Dense', expected a name that no other layer class has; define each class once, under a name of its own.
        UsageError: defineLayer: className is 'a/b', expected a name without '/' and spaces.
        UsageError: defineLayer: className is missing, expected a name without '/' and spaces.
        UsageError: defineLayer: call is missing, expected a function.
        UsageError: defineLayer: 'build' is not an option; expected one of className, defaults, rules, takesSeveral, parameters, outputShape, call.
        UsageError: defineLayer: defaults is an object, expected a plain value: a number, a string, true, false, null, or a list or an object of these.
        UsageError: defineLayer: rules is an object, expected an object with a function for each option."
      `);
    expect(() => defineLayer({ className: 'Own', call })).not.toThrow();
  });

  it('are parameters and values that do not fit', () => {
    let count = 0;
    const layer = (definition: object) =>
      defineLayer({ className: `Wrong${count++}`, call: (x: Tensor) => x, ...definition })();
    const x = input({ shape: [3] });
    const named = (name: unknown) => ({ name, shape: [1], initializer: { kind: 'ones' } });
    const parameters = [
      [named('a/b')],
      [named('a'), named('a')],
      [{ name: 'a', shape: [0], initializer: { kind: 'ones' } }],
      [{ name: 'a', shape: [1] }],
      [{ ...named('a'), trainable: false }],
      'kernel',
    ].map((specs) => layer({ parameters: () => specs }));
    const built = [...parameters, layer({ outputShape: () => 3 })].map((each) =>
      refusal(() => model({ inputs: x, outputs: each.apply(x) })),
    );
    const called = [
      layer({ outputShape: () => [4] }),
      layer({ call: (given: Tensor) => sum(given, { axis: 1 }) }),
      layer({ call: () => 3 }),
    ].map((each) => refusal(() => layerValues(each, [array64([2, 3], [1, 2, 3, 4, 5, 6])])));
    expect([...built, ...called].join('\n')).toMatchInlineSnapshot(`
      "UsageError: Wrong0: parameters[0].name is 'a/b', expected a string without '/' and control characters.
      UsageError: Wrong1: parameters returned two that are called 'a'; give one another name.
      UsageError: Wrong2: parameters[0].shape is [0], expected a list of positive integers.
      UsageError: Wrong3: parameters[0].initializer is missing, expected one of zeros, ones, constant, glorotUniform, glorotNormal, heUniform, heNormal, lecunUniform, lecunNormal, randomUniform, randomNormal, truncatedNormal, varianceScaling, orthogonal, identity, an object with one of them as its kind, or a function (shape, random) => Float32Array.
      UsageError: Wrong4: 'parameters[0].trainable' is not an option; did you mean 'isTrainable'?
      UsageError: Wrong5: parameters returned 'kernel', expected a list of parameters, such as { name, shape, initializer }.
      UsageError: Wrong6: outputShape returned 3, expected a list of positive integers.
      ShapeError: Wrong7: call returned [2,3], expected [2,4], as outputShape says.
      ShapeError: Wrong8: call returned [2], expected [2,3], as outputShape says.
      ShapeError: Wrong9: call returned 3, expected [2,3], as outputShape says."
    `);
    expect(refusal(() => layer({}).apply([x, x]))).toMatch('2 inputs were given, expected one');
  });
});
