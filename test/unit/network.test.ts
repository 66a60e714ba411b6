/**
 * Networks without a device:
 *   names and numbers: of a sequence, of a graph, where layers are shared
 *   the graph that layers were applied in: several inputs and outputs, what is refused
 *   changes: a node more, less, or renamed leaves the numbers of the others alone
 *   descriptions: graphs and sequences come back equal, damaged graphs are refused
 *   frozen layers: no gradient, slot, penalty or moving statistic
 *   predictions: the output that is named, of several
 *   the summary: what each layer is applied to
 *   plans: a residual block's sum is fused into its convolution
 */
import { describe, expect, it, test } from 'vitest';
import { program } from '../../src/engine/program.js';
import { Tensor } from '../../src/engine/tensor.js';
import type { Plan } from '../../src/engine/plan/plan.js';
import type { Spec } from '../../src/engine/primitive.js';
import { stateSpec } from '../../src/kernels/step_state.js';
import { mapParts, setSpecs } from '../../src/nn/samples/device_set.js';
import { recordPrediction } from '../../src/nn/training/evaluator.js';
import { input } from '../../src/nn/layers/input.js';
import { layerClasses } from '../../src/nn/layers/class_names.js';
import {
  activation,
  add,
  batchNormalization,
  concatenate,
  conv2d,
  dense,
  dropout,
  flatten,
} from '../../src/nn/layers/index.js';
import { registerLayers } from '../../src/nn/layers/registry.js';
import { Model, model, sequential } from '../../src/nn/model.js';
import { paperModel } from '../../src/nn/models.js';
import { rmsprop } from '../../src/nn/optimizers/index.js';
import type { Network } from '../../src/nn/network/network.js';
import { freeze, insert, remove, rename, unfreeze } from '../../src/nn/network/network_changes.js';
import { hollowDevice } from './fake_device.js';
import { plannedPrediction, plannedStep } from './planned_step.js';

registerLayers(layerClasses);

const throughFile = (json: object): unknown => JSON.parse(JSON.stringify(json));
const numbersOf = ({ nodes }: Network): Record<string, readonly [number, number]> =>
  Object.fromEntries(
    nodes.map(({ name, stream, parameterStream }) => [name, [stream, parameterStream] as const]),
  );
const connections = ({ nodes }: Network): string[] =>
  nodes.map(({ name, inputs }) => `${inputs.join(' + ')} → ${name}`);

/** conv → relu, twice, with what skips them added. */
function residual({ device = hollowDevice('gpu'), ...options } = {}): Model {
  const x = input({ shape: [8, 8, 1] });
  const same = { kernelSize: 3, padding: 'same' } as const;
  const first = conv2d({ filters: 4, ...same, activation: 'relu' }).apply(x);
  const second = conv2d({ filters: 4, ...same }).apply(first);
  const sum = activation({ activation: 'relu' }).apply(add().apply([second, first]));
  const y = dense({ units: 3, activation: 'softmax' }).apply(flatten().apply(sum));
  return model({ inputs: x, outputs: y, device, ...options });
}

describe('numbers', () => {
  test('of a sequence count its layers and their parameters', () => {
    expect(numbersOf(paperModel().network)).toMatchObject({
      conv2d: [0, 0],
      conv2d_1: [1, 2],
      dropout: [3, 4],
      dense: [9, 8],
      dropout_2: [10, 10],
      dense_1: [11, 10],
    });
  });

  test('of a graph count in the order in which its layers depend on each other', () => {
    expect(numbersOf(residual().network)).toEqual({
      conv2d: [0, 0],
      conv2d_1: [1, 2],
      add: [2, 4],
      activation: [3, 4],
      flatten: [4, 4],
      dense: [5, 4],
    });
  });
});

describe('a graph', () => {
  it('connects what layers were applied to', () => {
    const { network } = residual();
    expect(connections(network)).toEqual([
      'input_layer → conv2d',
      'conv2d → conv2d_1',
      'conv2d_1 + conv2d → add',
      'add → activation',
      'activation → flatten',
      'flatten → dense',
    ]);
    expect(network.shapeOf('add')).toEqual([8, 8, 4]);
    expect(network.isSequence).toBe(false);
  });

  it('has several inputs and outputs, by name', () => {
    const [a, b] = [input({ shape: [3] }), input({ shape: [2], name: 'other' })];
    const both = add().apply([dense({ units: 4 }).apply(a), dense({ units: 4 }).apply(b)]);
    const outputs = [dense({ units: 1, name: 'size' }).apply(both), dense({ units: 2 }).apply(both)];
    const made = model({ inputs: [a, b], outputs, device: hollowDevice('gpu') });
    expect(made.network).toMatchObject({
      inputs: [
        { name: 'input_layer', shape: [3] },
        { name: 'other', shape: [2] },
      ],
      outputs: ['size', 'dense_3'],
    });
    const run = program((x: Tensor, y: Tensor) => {
      const inputs = new Map([
        ['input_layer', x],
        ['other', y],
      ]);
      const context = { isTraining: false, state: Tensor.placeholder(stateSpec, made.device) };
      return [made.forward(inputs, context), made.layerOutputs(inputs, context).get('dense_3')!];
    }, made.device);
    const tensor = (...shape: number[]) => Tensor.placeholder({ shape, dtype: 'f32' }, made.device);
    expect(run.plan(tensor(5, 3), tensor(5, 2)).outputs.map(({ shape }) => shape)).toEqual([
      [5, 1],
      [5, 2],
    ]);
    expect(() => made.inputShape).toThrowErrorMatchingInlineSnapshot(
      `[UsageError: model: 'functional' has 2 inputs (input_layer, other), expected one, which takes the images; give model.forward a tensor for each, in a program.]`,
    );
  });

  it('shares the parameters of a layer that is applied twice', () => {
    const [a, b] = [input({ shape: [3] }), input({ shape: [3] })];
    const [tower, relu] = [dense({ units: 4, name: 'tower' }), activation({ activation: 'relu' })];
    const towers = [relu.apply(tower.apply(a)), relu.apply(tower.apply(b))];
    const { network } = model({ inputs: [a, b], outputs: add().apply(towers) });
    expect(network.parameters.map(({ path }) => path)).toEqual(['tower/kernel', 'tower/bias']);
    expect(network.nodes.map(({ name, sharedWith }) => [name, sharedWith])).toEqual([
      ['tower', undefined],
      ['activation', undefined],
      ['tower_1', 'tower'],
      // Nothing to share.
      ['activation_1', undefined],
      ['add', undefined],
    ]);
  });
});

test('branches are joined along an axis that counts the batch', () => {
  const branch = (...shape: number[]) => input({ shape });
  const shapeOf = (axis: number | undefined, ...branches: ReturnType<typeof input>[]) =>
    concatenate(axis === undefined ? {} : { axis }).apply(branches).shape;
  expect(shapeOf(undefined, branch(4, 4, 2), branch(4, 4, 3), branch(4, 4, 1))).toEqual([4, 4, 6]);
  expect(shapeOf(1, branch(4, 2), branch(5, 2))).toEqual([9, 2]);
  expect(shapeOf(-2, branch(4, 2), branch(5, 2))).toEqual([9, 2]);
});

test('what cannot be a graph is refused', () => {
  const [x, other, wide] = [
    input({ shape: [3] }),
    input({ shape: [3], name: 'other' }),
    input({ shape: [5] }),
  ];
  const y = dense({ units: 2 }).apply(x);
  const shared = dense({ units: 2 });
  const wrong: Record<string, () => unknown> = {
    'apply to a number': () => dense({ units: 1 }).apply(1 as never),
    'apply to nothing': () => add().apply([]),
    'apply to two': () => dense({ units: 1 }).apply([x, other]),
    'apply to another shape': () => dense({ units: 1 }).apply(input({ shape: [] })),
    'sum of different shapes': () => add().apply([x, wide]),
    'joined along another axis': () =>
      concatenate().apply([input({ shape: [2, 3] }), input({ shape: [4, 3] })]),
    'joined along no axis': () => concatenate({ axis: 2 }).apply([x, x]),
    'joined along the batch': () => concatenate({ axis: 0 }),
    'input left out': () => model({ inputs: x, outputs: add().apply([x, other]) }),
    'input too many': () => model({ inputs: [x, other], outputs: y }),
    'input is no input': () => model({ inputs: y, outputs: y }),
    'output is an input': () => model({ inputs: x, outputs: x }),
    'no outputs': () => model({ inputs: x, outputs: [] }),
    'one name twice': () =>
      model({
        inputs: x,
        outputs: dense({ units: 2, name: 'a' }).apply(dense({ units: 2, name: 'a' }).apply(x)),
      }),
    'shared over two shapes': () =>
      model({ inputs: [x, wide], outputs: add().apply([shared.apply(x), shared.apply(wide)]) }),
  };
  const told = Object.entries(wrong).map(([name, call]) => {
    try {
      call();
      return `${name}: NOT REFUSED`;
    } catch (error) {
      return `${name}: ${String(error)}`;
    }
  });
  expect(told.join('\n')).toMatchInlineSnapshot(`
    "apply to a number: UsageError: Dense.apply: x is 1, expected a result of input() or apply(), or a list of them.
    apply to nothing: UsageError: Add.apply: x is [], expected a result of input() or apply(), or a list of them.
    apply to two: ShapeError: Dense: 2 inputs were given, expected one; join them with layers.add() or layers.concatenate() first.
    apply to another shape: ShapeError: layers.dense: the input has no axis per sample, expected one or more.
    sum of different shapes: ShapeError: layers.add: the inputs are [3] and [5] per sample, expected equal extents, or 1.
    joined along another axis: ShapeError: layers.concatenate: the inputs are [2,3] and [4,3] per sample, expected equal extents except along axis -1.
    joined along no axis: ShapeError: layers.concatenate: axis 2 is not an axis of [3] per sample.
    joined along the batch: UsageError: layers.concatenate: axis is 0, expected an integer other than 0.
    input left out: UsageError: model: an output depends on an input of shape [3] that is not among the inputs; add it to them.
    input too many: UsageError: model: none of the outputs depends on inputs[1] (other); leave it out.
    input is no input: UsageError: model: inputs[0] is the output of a layer, expected a result of input().
    output is an input: UsageError: model: the output 'input_layer' is an input, expected the output of a layer.
    no outputs: UsageError: model: outputs is [], expected a result of input() or apply(), or a list of them.
    one name twice: UsageError: model: two layers are called 'a'; give one another name.
    shared over two shapes: ShapeError: model: layer 'dense_1': it shares kernel [3,2] and bias [2] with 'dense', but its inputs need kernel [5,2] and bias [2]."
  `);
});

describe('a change', () => {
  const before = () =>
    sequential([
      conv2d({ filters: 2, kernelSize: 3, inputShape: [8, 8, 1] }),
      dropout({ rate: 0.5 }),
      flatten(),
      dense({ units: 3 }),
    ]).network;

  it.each<[string, (network: Network) => Network, string[], Record<string, [number, number]>]>([
    [
      'a layer in the middle',
      (network) => insert(network, dropout({ rate: 0.1 }), { after: 'conv2d' }),
      [
        'input_layer → conv2d',
        'conv2d → dropout_1',
        'dropout_1 → dropout',
        'dropout → flatten',
        'flatten → dense',
      ],
      { dropout_1: [4, 4] },
    ],
    [
      'a layer at the end',
      (network) => insert(network, dense({ units: 2, name: 'head' }), { after: 'dense' }),
      ['input_layer → conv2d', 'conv2d → dropout', 'dropout → flatten', 'flatten → dense', 'dense → head'],
      { head: [4, 4] },
    ],
    [
      'one less',
      (network) => remove(network, 'dropout'),
      ['input_layer → conv2d', 'conv2d → flatten', 'flatten → dense'],
      {},
    ],
    [
      'another head',
      (network) => insert(remove(network, 'dense'), dense({ units: 9 }), { after: 'flatten' }),
      ['input_layer → conv2d', 'conv2d → dropout', 'dropout → flatten', 'flatten → dense'],
      { dense: [3, 2] },
    ],
    [
      'a connection that skips layers',
      (network) => insert(network, add(), { after: 'dropout', with: ['conv2d'] }),
      [
        'input_layer → conv2d',
        'conv2d → dropout',
        'dropout + conv2d → add',
        'add → flatten',
        'flatten → dense',
      ],
      { add: [4, 4] },
    ],
    [
      'another name',
      (network) => rename(rename(network, 'conv2d', 'stem'), 'input_layer', 'image'),
      ['image → stem', 'stem → dropout', 'dropout → flatten', 'flatten → dense'],
      { stem: [0, 0] },
    ],
  ])('%s leaves the numbers of the others alone', (_, change, expected, numbers) => {
    const [old, changed] = [numbersOf(before()), change(before())];
    expect(connections(changed)).toEqual(expected);
    const others = Object.entries(numbersOf(changed)).filter(([name]) => !(name in numbers));
    for (const [name, own] of others) expect({ name, own }).toEqual({ name, own: old[name] });
    expect(numbersOf(changed)).toMatchObject(numbers);
    expect(changed.outputs).toEqual([changed.nodes.at(-1)!.name]);
  });

  it('is refused where there is no such network', () => {
    const network = before();
    const { network: graph } = residual();
    const wrong: Record<string, () => unknown> = {
      'an unknown layer': () => remove(network, 'conv2d_7'),
      'the sum of a block': () => remove(graph, 'add'),
      'behind an unknown layer': () => insert(network, flatten(), { after: 'x' }),
      'waiting for itself': () => insert(network, add(), { after: 'conv2d', with: ['dropout'] }),
      'a name that is taken': () => rename(network, 'conv2d', 'dense'),
      'a name for a path': () => rename(network, 'conv2d', 'a/b'),
      'another shape': () => insert(network, flatten(), { after: 'input_layer' }),
      'the only layer': () => remove(sequential([flatten({ inputShape: [2] })]).network, 'flatten'),
    };
    const told = Object.entries(wrong).map(([name, call]) => {
      try {
        call();
        return `${name}: NOT REFUSED`;
      } catch (error) {
        return `${name}: ${String(error)}`;
      }
    });
    expect(told.join('\n')).toMatchInlineSnapshot(`
      "an unknown layer: UsageError: remove: there is no layer 'conv2d_7', expected one of conv2d, dropout, flatten, dense.
      the sum of a block: UsageError: remove: 'add' has 2 inputs (conv2d_1, conv2d), expected one, which takes its place.
      behind an unknown layer: UsageError: model: there is no layer 'x', expected one of input_layer, conv2d, dropout, flatten, dense.
      waiting for itself: UsageError: insert: dropout, flatten, dense, add would depend on each other; use values that do not depend on the new layer.
      a name that is taken: UsageError: model: two layers are called 'dense'; give one another name.
      a name for a path: UsageError: rename: to is 'a/b', expected a string without '/' and control characters.
      another shape: ShapeError: model: layer 'conv2d': layers.conv2d: the input is [64] per sample, expected [height,width,channels].
      the only layer: UsageError: model: the output 'input_layer' is an input, expected the output of a layer."
    `);
  });
});

describe('a description', () => {
  const shared = () => {
    const [a, b] = [input({ shape: [4] }), input({ shape: [4], name: 'b' })];
    const tower = dense({ units: 4, trainable: false });
    return model({
      inputs: [a, b],
      outputs: [add().apply([tower.apply(a), tower.apply(b)]), tower.apply(a)],
    });
  };
  const changed = () => new Model(rename(remove(paperModel().network, 'dropout'), 'dense', 'features'));

  it.each([
    ['a graph', residual],
    ['shared layers', shared],
    ['a changed sequence', changed],
    [
      'a sequence with an input of its own name',
      () => new Model(rename(paperModel().network, 'input_layer', 'x')),
    ],
  ])('of %s makes it again', (_, make) => {
    const made = make();
    const json = throughFile(made.toJson());
    const again = Model.fromJson(json);
    expect(again.toJson()).toEqual(json);
    const { parameters, inputs, outputs } = made.network;
    expect(again.network).toMatchObject({ inputs, outputs });
    expect(again.network.parameters).toEqual(parameters);
    expect(connections(again.network)).toEqual(connections(made.network));
    expect(numbersOf(again.network)).toEqual(numbersOf(made.network));
  });

  it('of a sequence is a list, also once it was changed', () => {
    expect(changed().toJson()).toMatchObject({ className: 'Sequential', inputShape: [28, 28, 1] });
    expect(residual().toJson()).toMatchObject({ className: 'Functional', outputs: ['dense'] });
  });

  it('without numbers, as files of earlier versions, counts', () => {
    const { network } = paperModel();
    const json = throughFile(paperModel().toJson()) as { layers: object[] };
    const older = {
      ...json,
      layers: json.layers.map((layer) => ({ ...layer, stream: undefined, parameterStream: undefined })),
    };
    expect(numbersOf(Model.fromJson(throughFile(older)).network)).toEqual(numbersOf(network));
  });

  it('of a graph that is damaged is refused', () => {
    const json = throughFile(residual().toJson()) as { layers: Record<string, unknown>[] };
    const damaged = (change: object): object => ({ ...json, ...change });
    const layer = (index: number, change: object): object =>
      damaged({ layers: json.layers.map((each, i) => (i === index ? { ...each, ...change } : each)) });
    const told = [
      damaged({ outputs: ['x'] }),
      damaged({ outputs: 3 }),
      damaged({ inputs: [] }),
      layer(1, { inputs: ['dense'] }),
      layer(1, { inputs: [] }),
      layer(1, { config: {} }),
      layer(1, { sharedWith: 'flatten' }),
      layer(1, { sharedWith: 'conv2d' }),
      layer(2, { className: 'Sum' }),
    ].map((each) => {
      try {
        return Model.fromJson(each, {}, 'a.json').name;
      } catch (error) {
        return String(error);
      }
    });
    const known = Object.keys(layerClasses).sort().join(', ');
    expect(told.join('\n').replace(known, '<the layers>')).toMatchInlineSnapshot(`
      "ModelError: model: a.json is damaged: there is no layer 'x', expected one of input_layer, conv2d, conv2d_1, add, activation, flatten, dense.
      ModelError: model: a.json is not a model description: outputs is 3, expected a list.
      ModelError: model: a.json is damaged: there is no layer 'input_layer'.
      ModelError: model: a.json is damaged: there is no layer 'dense', expected one of input_layer, conv2d.
      ModelError: model: a.json is damaged: layer 2 (Conv2D) has no inputs.
      ModelError: model: a.json is damaged: layer 2 (Conv2D): layers.conv2d: filters is missing, expected a positive integer.
      ModelError: model: a.json is damaged: 'conv2d_1' shares the parameters of 'flatten', expected a use of the same layer before it.
      ModelError: model: a.json is damaged: layer 'conv2d_1': it shares kernel [3,3,1,4] and bias [4] with 'conv2d', but its inputs need kernel [3,3,4,4] and bias [4].
      ModelError: model: a.json is damaged: layer 3 (Sum): layer class 'Sum' is unknown, expected one of <the layers>."
    `);
  });
});

describe('a frozen layer', () => {
  const frozen = { trainable: false, kernelRegularizer: { l2: 0.1 } } as const;
  const make = () => {
    const made = sequential(
      [
        conv2d({ filters: 2, kernelSize: 3, inputShape: [8, 8, 1], ...frozen }),
        batchNormalization({ trainable: false }),
        flatten(),
        dense({ units: 3, kernelRegularizer: { l2: 0.1 } }),
      ],
      { device: hollowDevice('gpu') },
    );
    made.compile({ optimizer: rmsprop(), loss: 'sparseCategoricalCrossentropy' });
    return made;
  };

  it('has no gradient, no slot and no penalty', () => {
    const made = make();
    const paths = ['dense/kernel', 'dense/bias'];
    expect([...made.parameters.tensors.keys()]).toEqual(paths);
    expect([...made.slots.get('mean_square')!.tensors.keys()]).toEqual(paths);
    expect([...made.state.frozen.tensors.keys()]).toEqual([
      'conv2d/kernel',
      'conv2d/bias',
      'batch_normalization/gamma',
      'batch_normalization/beta',
      'batch_normalization/moving_mean',
      'batch_normalization/moving_variance',
    ]);
    const plan = plannedStep(made);
    const penalised = plan.dispatches.filter(({ label }) => label === 'l2_penalty/forward');
    expect(new Set(penalised.map(({ shapes }) => shapes))).toHaveLength(1);
    const labels = plan.dispatches.map(({ label }) => label).join('\n');
    expect(labels).not.toMatch(/conv2d\/(kernel|input)_gradient|batch_norm_moving|batch_norm\/statistics/);
    expect(made.summary(() => undefined)).toContain('Non-trainable params: 28 ');
  });

  it('takes no dispatch backwards, and the same ones for predictions', () => {
    const made = make();
    const whole = new Model(unfreeze(made.network, 'conv2d', 'batch_normalization'), { device: made.device });
    whole.compile({ optimizer: rmsprop(), loss: 'sparseCategoricalCrossentropy' });
    const labelsIn = ({ dispatches }: Plan): string[] => dispatches.map(({ label }) => label);
    const ofFrozen = labelsIn(plannedStep(made));
    // The gradients of the last layer: the sum is that of its bias, the product that of its kernel.
    expect(ofFrozen.slice(ofFrozen.indexOf('softmax_cross_entropy/forward'))).toEqual([
      'softmax_cross_entropy/forward',
      'l2_penalty/forward',
      'l2_penalty/forward',
      'sum/forward',
      'matmul/forward + scale/forward + add/forward',
      'l2_totals/forward',
      'rmsprop/update',
      'step_state/end_step',
    ]);
    expect([ofFrozen.length, labelsIn(plannedStep(whole)).length]).toEqual([11, 23]);
    expect(labelsIn(plannedPrediction(made, 8))).toEqual(labelsIn(plannedPrediction(whole, 8)));
  });

  it('is trained again when its network is unfrozen', () => {
    const { network } = make();
    const again = freeze(unfreeze(network, 'conv2d'), 'dense');
    const roles = (each: Network) => each.nodes.map(({ name, isFrozen }) => `${name} ${isFrozen}`);
    expect(roles(again)).toEqual(['conv2d false', 'batch_normalization true', 'flatten false', 'dense true']);
    expect(() => freeze(again, 'x')).toThrow("freeze: there is no layer 'x', expected one of conv2d, ");
  });

  it('leaves nothing to train when there is no other', async () => {
    const made = new Model(freeze(make().network, 'dense'), { device: hollowDevice('gpu') });
    made.compile({ optimizer: rmsprop(), loss: 'sparseCategoricalCrossentropy' });
    await expect(made.fit({} as never)).rejects.toThrowErrorMatchingInlineSnapshot(
      `[UsageError: fit: model 'sequential' has nothing to train: its layers are frozen or have no parameters; unfreeze one.]`,
    );
  });
});

test('kernels lie before what does not decay', () => {
  const { layout } = sequential([dense({ units: 65, inputShape: [2] }), dense({ units: 3 })], {
    device: hollowDevice('gpu'),
  }).parameters;
  expect(layout.entries.map(({ name, offset }) => [name, offset])).toEqual([
    ['dense/kernel', 0],
    ['dense/bias', 448],
    ['dense_1/kernel', 192],
    ['dense_1/bias', 576],
  ]);
  expect(layout.length).toBe(640);
});

test('the sum of a residual block, with the bias before it and the relu behind it, is part of the convolution', () => {
  for (const family of ['software', 'gpu'] as const) {
    const made = residual({ device: hollowDevice(family) });
    made.compile({ optimizer: rmsprop(), loss: 'sparseCategoricalCrossentropy' });
    const labels = plannedStep(made).dispatches.map(({ label }) => label);
    // A kernel that begins by packing its operands carries the label twice.
    expect([...new Set(labels.filter((label) => label.startsWith('conv2d/forward')))]).toEqual([
      'conv2d/forward + add/forward + relu/forward',
      'conv2d/forward + add/forward + add/forward + relu/forward',
    ]);
  }
});

test('the summary of a graph shows its inputs and connections, that of a sequence neither', () => {
  const [a, b] = [input({ shape: [3] }), input({ shape: [3], name: 'b' })];
  const tower = dense({ units: 4, name: 'tower' });
  const made = model({ inputs: [a, b], outputs: add().apply([tower.apply(a), tower.apply(b)]) });
  expect(made.summary(() => undefined)).toMatchInlineSnapshot(`
    "Model: "functional"
    ┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━┳━━━━━━━━━┳━━━━━━━━━━━━━━━━┓
    ┃ Layer (type)                       ┃ Output Shape ┃ Param # ┃ Connected to   ┃
    ┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━╇━━━━━━━━━╇━━━━━━━━━━━━━━━━┩
    │ input_layer (InputLayer)           │ (None, 3)    │       0 │ -              │
    ├────────────────────────────────────┼──────────────┼─────────┼────────────────┤
    │ b (InputLayer)                     │ (None, 3)    │       0 │ -              │
    ├────────────────────────────────────┼──────────────┼─────────┼────────────────┤
    │ tower (Dense)                      │ (None, 4)    │      16 │ input_layer    │
    ├────────────────────────────────────┼──────────────┼─────────┼────────────────┤
    │ tower_1 (Dense, shared with tower) │ (None, 4)    │       0 │ b              │
    ├────────────────────────────────────┼──────────────┼─────────┼────────────────┤
    │ add (Add)                          │ (None, 4)    │       0 │ tower, tower_1 │
    └────────────────────────────────────┴──────────────┴─────────┴────────────────┘
     Total params: 16 (64.00 B)
     Trainable params: 16 (64.00 B)
     Non-trainable params: 0 (0.00 B)"
  `);
  expect(paperModel().summary(() => undefined)).not.toMatch(/Connected|InputLayer/);
});

describe('a prediction of a model with several outputs', () => {
  const x = input({ shape: [8, 8, 1] });
  const features = flatten().apply(x);
  const outputs = [dense({ units: 3, name: 'kind' }), dense({ units: 5, name: 'place' })];
  const make = () =>
    model({
      inputs: x,
      outputs: outputs.map((layer) => layer.apply(features)),
      device: hollowDevice('gpu'),
    });

  it('computes the one that is named, and not the other', () => {
    const made = make();
    const images = { count: 8, height: 8, width: 8, channels: 1 };
    const specs = setSpecs({ maxBufferBytes: 2 ** 27 }, images);
    const placeholder = (spec: Spec) => Tensor.placeholder(spec, made.device);
    const set = mapParts(specs, placeholder);
    const plan = program(
      () => recordPrediction(made, set, placeholder(stateSpec), 8, 'place'),
      made.device,
    ).plan();
    expect(plan.outputs.map(({ shape }) => shape)).toEqual([[8, 5]]);
    const scopes = plan.dispatches.flatMap((dispatch) => dispatch.scopes);
    expect(scopes).toContain('place');
    expect(scopes).not.toContain('kind');
  });

  it('needs its name', async () => {
    for (const options of [{}, { output: 'x' }])
      await expect(make().predict({} as never, options)).rejects.toThrow(
        /^predict: output is (left out|'x'), expected one of kind, place\.$/,
      );
  });
});
