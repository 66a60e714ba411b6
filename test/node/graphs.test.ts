/**
 * Graphs and frozen layers on a device:
 *   a residual network learns, and comes back from its file with the same predictions and the place in its training
 *   a layer that is applied twice gets the gradients of both uses; joined branches get their parts
 *   fine-tuning: frozen weights and statistics keep their bits, the others learn; unfrozen they learn too
 */
import { describe, expect, it } from 'vitest';
import { program } from '../../src/engine/program.js';
import { Tensor } from '../../src/engine/tensor.js';
import { grad } from '../../src/kernels/grad.js';
import { concatenate, multiply, sum } from '../../src/kernels/index.js';
import { stateSpec } from '../../src/kernels/step_state.js';
import { input } from '../../src/nn/layers/input.js';
import { activation, add, batchNormalization, conv2d, dense, flatten } from '../../src/nn/layers/index.js';
import { type Model, model, sequential } from '../../src/nn/model.js';
import { modelFile, modelFromFile } from '../../src/nn/files/model_files.js';
import { freeze, insert, remove, unfreeze } from '../../src/nn/network/network_changes.js';
import { rmsprop } from '../../src/nn/optimizers/index.js';
import { useDevice } from '../device/device.js';
import { bars } from '../device/small_model.js';

const held = useDevice();
const compiled = (made: Model): Model => {
  made.compile({ optimizer: rmsprop({ learningRate: 3e-3 }), loss: 'sparseCategoricalCrossentropy' });
  return made;
};

function residual(): Model {
  const x = input({ shape: [8, 8, 1] });
  const same = { filters: 4, kernelSize: 3, padding: 'same' } as const;
  const first = conv2d({ ...same, activation: 'relu' }).apply(x);
  const block = add().apply([conv2d(same).apply(first), first]);
  const features = flatten().apply(activation({ activation: 'relu' }).apply(block));
  return model({ inputs: x, outputs: dense({ units: 3, activation: 'softmax' }).apply(features) });
}

it('a residual network learns, and resumes from its file', async () => {
  const [set, unseen] = [bars(48), bars(24, 2)];
  const whole = compiled(residual());
  await whole.fit(set, { epochs: 4, batchSize: 16 });
  expect((await whole.evaluate(unseen)).accuracy).toBe(1);

  const half = compiled(residual());
  const { checkpoint } = await half.fit(set, { epochs: 2, batchSize: 16 });
  const loaded = compiled(modelFromFile(await modelFile(half, { checkpoint })));
  expect(await loaded.predict(unseen)).toEqual(await half.predict(unseen));
  await loaded.fit(set, { epochs: 4, batchSize: 16, resume: checkpoint });
  expect(await loaded.weights()).toEqual(await whole.weights());
});

it('a layer that is applied twice has the gradients of both uses', async () => {
  const x = input({ shape: [2] });
  const twice = dense({ units: 2, useBias: false });
  const { network } = model({ inputs: x, outputs: twice.apply(twice.apply(x)) });
  const kernel = Tensor.from([1, 2, 3, 4], [2, 2]);
  const gradient = program((value: Tensor, w: Tensor) => {
    const context = { isTraining: true, state: Tensor.zeros(stateSpec, held.device) };
    const values = network.forward(new Map([['input_layer', value]]), () => w, context);
    return grad(sum(values.get('dense_1')!), [w])[0];
  }, held.device).call(Tensor.from([1, -1], [1, 2]), kernel);
  // y = x·W·W with x·W = [−2, −2]: d(Σy)/dW = xᵀ·(W·1)ᵀ + (x·W)ᵀ·1ᵀ.
  expect([...(await gradient.data())]).toEqual([3 - 2, 7 - 2, -3 - 2, -7 - 2]);
});

it('branches of any number are joined, and each gets its part of the gradient', async () => {
  const shapes = [1, 4, 2, 3, 5];
  const branches = shapes.map((width, i) =>
    Tensor.from(
      Array.from({ length: 2 * width }, (_, k) => 100 * i + k),
      [2, width],
    ),
  );
  const weights = Tensor.from(
    Array.from({ length: 30 }, (_, i) => i),
    [2, 15],
  );
  const [joined, ...gradients] = program((...given: Tensor[]) => {
    const y = concatenate(given);
    return [y, ...grad(sum(multiply(y, weights)), given)];
  }, held.device).call(...branches);
  const row = (values: ArrayLike<number>, width: number, n: number): number[] =>
    Array.from(values).slice(n * width, (n + 1) * width);
  const values = await Promise.all(branches.map(async (branch) => branch.data()));
  const rows = [0, 1].flatMap((n) => values.flatMap((branch, i) => row(branch, shapes[i]!, n)));
  expect([...(await joined!.data())]).toEqual(rows);
  let first = 0;
  for (const [i, gradient] of gradients.entries()) {
    const width = shapes[i]!;
    const expected = [0, 15].flatMap((at) => Array.from({ length: width }, (_, k) => at + first + k));
    expect([...(await gradient.data())]).toEqual(expected);
    first += width;
  }
});

describe('fine-tuning', () => {
  const base = () => [
    conv2d({ filters: 4, kernelSize: 3, inputShape: [8, 8, 1], kernelRegularizer: { l2: 1e-3 } }),
    batchNormalization(),
    activation({ activation: 'relu' }),
    flatten(),
  ];

  it('leaves frozen layers as they are, bit for bit, and trains the others', async () => {
    const trained = compiled(sequential([...base(), dense({ units: 3, activation: 'softmax' })]));
    await trained.fit(bars(48), { epochs: 2, batchSize: 16 });
    const before = await trained.weights();

    const frozen = freeze(trained.network, 'conv2d', 'batch_normalization');
    const head = dense({ units: 3, activation: 'softmax', name: 'head' });
    const network = insert(remove(frozen, 'dense'), head, { after: 'flatten' });
    const tuned = compiled(trained.withNetwork(network));
    const first = await tuned.weights();
    await tuned.fit(bars(48, 3), { epochs: 3, batchSize: 16 });
    const after = await tuned.weights();
    const isHead = (path: string): boolean => path.startsWith('head/');
    const [ofHead, others] = [true, false].map((is) => [...after].filter(([path]) => isHead(path) === is));
    for (const [path, values] of ofHead!) expect(values, path).not.toEqual(first.get(path));
    for (const [path, values] of others!) expect(values, path).toEqual(before.get(path));
    expect([ofHead!.length, others!.length]).toEqual([2, 6]);
    expect((await tuned.evaluate(bars(24, 4))).accuracy).toBe(1);

    // Then all together, from a file, which says what is frozen.
    const loaded = modelFromFile(await modelFile(tuned));
    expect([...loaded.parameters.tensors.keys()]).toEqual(['head/kernel', 'head/bias']);
    const whole = compiled(loaded.withNetwork(unfreeze(loaded.network, 'conv2d', 'batch_normalization')));
    await whole.fit(bars(48, 3), { batchSize: 16 });
    for (const [path, values] of await whole.weights()) expect(values, path).not.toEqual(after.get(path));
  });
});
