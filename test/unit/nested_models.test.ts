/**
 * Models as layers of models, and parts of models, without a device:
 *   parameters under the layer's name, shared by all uses; random streams that no other layer has
 *   frozen as a whole and in part; files
 *   the part of a network up to a layer
 */
import { describe, expect, it, test } from 'vitest';
import { layerClasses } from '../../src/nn/layers/class_names.js';
import { add, dense, dropout, flatten } from '../../src/nn/layers/index.js';
import { input } from '../../src/nn/layers/input.js';
import { parameterExtensions } from '../../src/nn/parameters/parameter_options.js';
import { registerLayers } from '../../src/nn/layers/registry.js';
import { Model, model, sequential } from '../../src/nn/model.js';
import { type Network, hasGradient } from '../../src/nn/network/network.js';
import { freeze, insert, unfreeze, upTo } from '../../src/nn/network/network_changes.js';
import { namesIn } from '../../src/nn/files/network_json.js';
import { allParameterOptions } from '../../src/nn/parameters/parameter_extensions.js';
import { hollowDevice } from './fake_device.js';

registerLayers(layerClasses);
parameterExtensions.provide(allParameterOptions);

const device = hollowDevice('gpu');
const encoder = (name = 'encoder'): Model =>
  sequential(
    [
      dense({ units: 4, inputShape: [6] }),
      dropout({ rate: 0.5 }),
      dense({ units: 3, trainable: false }),
      dropout({ rate: 0.5 }),
    ],
    { name, device },
  );

function siamese(inner = encoder()): Model {
  const [a, b] = [input({ shape: [6], name: 'a' }), input({ shape: [6], name: 'b' })];
  const both = add().apply([inner.apply(a), inner.apply(b)]);
  return model({
    inputs: [a, b],
    outputs: dense({ units: 2 }).apply(dropout({ rate: 0.1 }).apply(both)),
    device,
  });
}

const trained = (network: Network): string[] =>
  network.parameters.filter(hasGradient).map(({ path }) => path);

const refusal = (call: () => unknown): string => {
  try {
    call();
  } catch (error) {
    return String(error);
  }
  return 'NOT REFUSED';
};

describe('a model that is a layer', () => {
  it('has its parameters under its name, once for all its uses', () => {
    const { network } = siamese();
    expect(network.parameters.map(({ path }) => path)).toEqual([
      'encoder/dense/kernel',
      'encoder/dense/bias',
      'encoder/dense_1/kernel',
      'encoder/dense_1/bias',
      'dense/kernel',
      'dense/bias',
    ]);
    expect(network.nodes.map(({ name, sharedWith }) => [name, sharedWith])).toEqual([
      ['encoder', undefined],
      ['encoder_1', 'encoder'],
      ['add', undefined],
      ['dropout', undefined],
      ['dense', undefined],
    ]);
    expect(network.shapeOf('encoder_1')).toEqual([3]);
  });

  it('has random streams of its own', () => {
    const { network } = siamese();
    expect(network.nodes.map(({ stream }) => stream)).toEqual([0, 4, 8, 9, 10]);
    const longer = insert(network, dropout({ rate: 0.2 }), { after: 'encoder_1' });
    expect(longer.nodes.find(({ name }) => name === 'dropout_1')?.stream).toBe(11);
  });

  it('is frozen as a whole, and where its own layers are', () => {
    const { network } = siamese();
    expect(trained(network)).toEqual([
      'encoder/dense/kernel',
      'encoder/dense/bias',
      'dense/kernel',
      'dense/bias',
    ]);
    expect(trained(freeze(network, 'encoder'))).toEqual(['dense/kernel', 'dense/bias']);
    // As Keras does, unfreezing also reaches the layer that was frozen inside.
    const unfrozen = trained(unfreeze(freeze(network, 'encoder'), 'encoder_1'));
    expect(unfrozen).toEqual([
      'encoder/dense/kernel',
      'encoder/dense/bias',
      'encoder/dense_1/kernel',
      'encoder/dense_1/bias',
      'dense/kernel',
      'dense/bias',
    ]);
  });

  it('is unfrozen with all its layers, in models inside it, too', () => {
    const inner = sequential([dense({ units: 3, trainable: false, inputShape: [6] })], { device });
    const x = input({ shape: [6] });
    const middle = model({ inputs: x, outputs: inner.apply(x), name: 'middle', device });
    const y = input({ shape: [6] });
    const made = model({ inputs: y, outputs: dense({ units: 2 }).apply(middle.apply(y)), device });
    const head = trained(made.network);
    expect(head).toEqual(['dense/kernel', 'dense/bias']);
    const all = unfreeze(made.network, 'middle');
    expect(trained(all)).toHaveLength(4);
    expect(trained(freeze(all, 'middle'))).toEqual(head);
    expect(new Model(all, { device }).toJson()).toEqual(
      Model.fromJson(JSON.parse(JSON.stringify(new Model(all, { device }).toJson())) as object, {
        device,
      }).toJson(),
    );
  });

  it('comes back from a file with all that it contains', () => {
    const made = new Model(freeze(siamese().network, 'encoder'), { device });
    const json = JSON.parse(JSON.stringify(made.toJson())) as object;
    const again = Model.fromJson(json, { device });
    expect(again.toJson()).toEqual(json);
    expect(again.network.parameters).toEqual(made.network.parameters);
    expect(trained(again.network)).toEqual(['dense/kernel', 'dense/bias']);
    expect(again.layers[1]!.layer).toBe(again.layers[0]!.layer);
    expect(namesIn(json).classes).toContain('Sequential');
    expect(namesIn(json).classes).toContain('Dropout');
  });

  it('may contain another one', () => {
    const x = input({ shape: [6] });
    const middle = model({
      inputs: x,
      outputs: dense({ units: 3 }).apply(encoder('inner').apply(x)),
      device,
    });
    const deeper = siamese(middle);
    expect(trained(deeper.network)[0]).toBe('sequential/inner/dense/kernel');
    expect(deeper.layers[1]!.stream).toBe(5);
    const json = JSON.parse(JSON.stringify(deeper.toJson())) as object;
    expect(Model.fromJson(json, { device }).toJson()).toEqual(json);
  });

  it('is refused where it does not fit', () => {
    const x = input({ shape: [6] });
    const two = model({
      inputs: x,
      outputs: [dense({ units: 1 }).apply(x), dense({ units: 2 }).apply(x)],
      device,
    });
    const told = [
      () => encoder().apply(input({ shape: [5] })),
      () => encoder().apply([x, x]),
      () => two.apply(x),
      () => siamese().submodel('dense'),
      () => siamese().submodel('decoder'),
    ].map(refusal);
    expect(told.join('\n')).toMatchInlineSnapshot(`
      "ShapeError: model: the inputs of 'encoder' are [5] per sample, expected [6].
      ShapeError: model: the inputs of 'encoder' are [6] and [6] per sample, expected [6].
      UsageError: model: 'functional' has 2 outputs (dense, dense_1), expected one to be a layer; use networks.upTo first.
      UsageError: submodel: 'dense' is a Dense, expected a layer that is a model.
      UsageError: submodel: there is no layer 'decoder', expected one of encoder, encoder_1, add, dropout, dense."
    `);
  });
});

test('the part up to a layer has what that layer needs', () => {
  const { network } = siamese();
  const part = upTo(network, 'encoder');
  expect(part.inputs.map(({ name }) => name)).toEqual(['a']);
  expect(part.nodes.map(({ name }) => name)).toEqual(['encoder']);
  // The second use has the parameters of the first.
  const second = upTo(network, 'encoder_1');
  expect([second.inputs.length, second.nodes.length, second.outputs]).toEqual([2, 2, ['encoder_1']]);
  expect(refusal(() => upTo(network, 'head'))).toMatchInlineSnapshot(
    `"UsageError: upTo: there is no layer 'head', expected one of encoder, encoder_1, add, dropout, dense."`,
  );
});

test('a model for features has no weights of its own', async () => {
  const whole = sequential([flatten({ inputShape: [2, 3] }), dense({ units: 4 }), dense({ units: 2 })], {
    device,
  });
  const features = whole.upTo('dense');
  expect(features.outputShape).toEqual([4]);
  expect(features.state).toBe(whole.state);
  expect(features.activity).toBe(whole.activity);
  features.dispose();
  expect(whole.state.get('dense/kernel').shape).toEqual([6, 4]);
  expect(refusal(() => features.compile({} as never))).toMatchInlineSnapshot(
    `"StateError: compile: this model has the weights of 'sequential'; for one with weights of its own, use model.withNetwork(networks.upTo(model.network, name))."`,
  );
  await expect(features.fit({} as never)).rejects.toThrow('has the weights of');
  await expect(features.save({} as never)).rejects.toThrow('folder');
});
