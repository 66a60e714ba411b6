/**
 * The state of a training over several fits, with optimizers declared here, against the same training in float64 (the same in
 * every browser, so in Node only):
 *   the step of Adam's bias corrections continues from fit to fit, in micro-batches too, and comes back from files with the slots
 *   a file written during a training has the step of the weights in it
 *   decoupled weight decay shrinks kernels only, in a dispatch of their own
 *   layers frozen for a fit stay as they are, in evaluation too, and learn again once they are unfrozen
 *   a batch normalisation that is applied twice moves its statistics at each application, in the order of the network
 */
import { expect, it } from 'vitest';
import { NetworkRun } from '../../src/check/networks.js';
import { wholeBatchState } from '../../src/check/draws.js';
import { checks } from '../../src/check/index.js';
import { Trace } from '../../src/engine/trace.js';
import { add, assign, multiply, subtract } from '../../src/kernels/index.js';
import { memoryFolder } from '../../src/memory_folder.js';
import type { Callback } from '../../src/nn/callbacks/callback.js';
import { input } from '../../src/nn/layers/input.js';
import { batchNormalization, dense, flatten } from '../../src/nn/layers/index.js';
import { type Model, model, sequential } from '../../src/nn/model.js';
import { loadModel } from '../../src/nn/files/model_files.js';
import { type Network, hasGradient } from '../../src/nn/network/network.js';
import { freeze, unfreeze } from '../../src/nn/network/network_changes.js';
import { defineOptimizer } from '../../src/nn/optimizers/define_optimizer.js';
import type { Optimizer } from '../../src/nn/optimizers/optimizer.js';
import { adam as adamOf, sgd } from '../../src/nn/optimizers/index.js';
import { readSafetensors } from '../../src/nn/files/safetensors.js';
import { type Array64, array64 } from '../../src/reference/array64.js';
import { batchNormMovingReference } from '../../src/reference/batch_norm_moving.js';
import { Interpreter, referencesOf } from '../../src/reference/interpreter.js';
import { useDevice } from '../device/device.js';
import { bars } from '../device/small_model.js';
import { weightBits } from '../device/weight_bits.js';

const held = useDevice();
const loss = 'sparseCategoricalCrossentropy';
const [learningRate, beta1, beta2, epsilon] = [0.01, 0.9, 0.99, 1e-2];

const adam = (options: { readonly weightDecay?: number } = {}): Optimizer =>
  adamOf({ learningRate, beta1, beta2, epsilon, epsilonPlacement: 'corrected', ...options });

/** Adds 1 to its slot at each update. */
const counting = defineOptimizer<object>({
  name: 'test_counting',
  rules: () => ({}),
  defaults: {},
  learningRate,
  slots: () => ['count'],
  update: ({ parameters, gradients, slots, scalar }) => {
    assign(slots['count']!, add(slots['count']!, 1));
    return subtract(parameters, multiply(scalar('learning_rate'), gradients));
  },
});

const set = bars(12);
const batchSize = 4;
const stepsPerEpoch = 3;
/** The order of the images, so that float64 takes the same batches. */
const fitting = { batchSize, shuffle: false };

const small = (): Model =>
  sequential([
    flatten({ inputShape: [8, 8, 1] }),
    dense({ units: 6, activation: 'relu' }),
    dense({ units: 3, activation: 'softmax' }),
  ]);

function compiled(made: Model, optimizer: Optimizer = adam()): Model {
  made.compile({ optimizer, loss });
  return made;
}

type Values = Map<string, Float64Array>;

async function valuesOf(made: Model): Promise<Values> {
  return new Map([...(await made.weights())].map(([path, values]) => [path, Float64Array.from(values)]));
}

/** A batch as the model takes it: pixels from 0 to 1. */
function batch64(first: number, count: number): Record<'x' | 'labels', Array64> {
  const pixels = set.images.subarray(first * 64, (first + count) * 64);
  return {
    x: array64(
      [count, 8, 8, 1],
      Array.from(pixels, (byte) => byte / 255),
    ),
    labels: array64([count], Array.from(set.labels.subarray(first, first + count)), 'u32'),
  };
}

const whole = wholeBatchState({ seed: 0, step: 0 });

/** `steps` steps of Adam in float64, by its formula; the optimizer is new. */
function trainedByAdam(network: Network, values: Values, steps: number, weightDecay = 0): Values {
  const trained = network.parameters.filter(hasGradient);
  const now = new Map([...values].map(([path, each]) => [path, each.slice()]));
  const zeros = () => new Map(trained.map(({ path }) => [path, new Float64Array(now.get(path)!.length)]));
  const [means, squares] = [zeros(), zeros()];
  for (let step = 1; step <= steps; step++) {
    const parameters = network.parameters.map(({ path, shape }) => array64(shape, now.get(path)!));
    const { x, labels } = batch64(((step - 1) % stepsPerEpoch) * batchSize, batchSize);
    const operands = { parameters, x, labels: [labels], state: whole };
    const gradients = new NetworkRun({ network, batch: batchSize }, operands).gradients();
    trained.forEach(({ path, decay }, i) => {
      const [p, m, v] = [now, means, squares].map((each) => each.get(path)!) as [
        Float64Array,
        Float64Array,
        Float64Array,
      ];
      gradients[i]!.values.forEach((g, k) => {
        const mean = (m[k] = beta1 * m[k]! + (1 - beta1) * g);
        const square = (v[k] = beta2 * v[k]! + (1 - beta2) * g * g);
        const direction = mean / (1 - beta1 ** step) / (Math.sqrt(square / (1 - beta2 ** step)) + epsilon);
        p[k]! -= learningRate * (direction + (decay ? weightDecay : 0) * p[k]!);
      });
    });
  }
  return now;
}

/** ‖a − b‖ / ‖b‖ of the worst parameter. */
function distance(a: Values, b: Values): number {
  const norm = (values: Iterable<number>): number =>
    Math.sqrt([...values].reduce((sum, value) => sum + value * value, 0));
  const distances = [...b].map(([path, values]) => {
    const other = a.get(path)!;
    return norm(values.map((value, i) => value - other[i]!)) / norm(values);
  });
  return Math.max(...distances);
}

/** A few hundred roundings of f32; steps that were counted from 1 again are 10⁴ times as far off. */
const tolerance = 1e-5;

it('the step of Adam continues from fit to fit', async () => {
  const once = compiled(small());
  const first = await valuesOf(once);
  await once.fit(set, { ...fitting, epochs: 2 });
  expect(once.state.step).toBe(2 * stepsPerEpoch);
  const wanted = trainedByAdam(once.network, first, 2 * stepsPerEpoch);
  expect(distance(await valuesOf(once), wanted)).toBeLessThan(tolerance);

  const folder = memoryFolder();
  const twice = compiled(small());
  const { checkpoint } = await twice.fit(set, fitting);
  expect(twice.state.step).toBe(stepsPerEpoch);
  await twice.save(folder, { checkpoint });
  await twice.fit(set, fitting);
  expect(await weightBits(twice)).toBe(await weightBits(once));

  // From the file: fit after fit, compiled before or after loading, saved again meanwhile; and one fit resumed.
  const again = memoryFolder();
  await (await loadModel(folder, { device: held.device })).save(again, { checkpoint });
  const [after, resumed] = [await loadModel(again), await loadModel(again)].map((each) => compiled(each));
  const before = compiled(small());
  await before.loadWeights(folder, 'weights');
  for (const each of [before, after!]) await each.fit(set, fitting);
  await resumed!.fit(set, { ...fitting, epochs: 2, resume: resumed!.checkpoint! });
  for (const each of [before, after!, resumed!]) {
    expect(each.state.step).toBe(2 * stepsPerEpoch);
    expect(await weightBits(each)).toBe(await weightBits(once));
  }

  const inParts = compiled(small());
  for (let i = 0; i < 2; i++) await inParts.fit(set, { ...fitting, microBatchSize: 3 });
  expect(inParts.state.step).toBe(2 * stepsPerEpoch);
  expect(distance(await valuesOf(inParts), wanted)).toBeLessThan(tolerance);

  // A new optimizer begins at step 1.
  const renewed = compiled(small());
  await renewed.fit(set, fitting);
  const middle = await valuesOf(renewed);
  compiled(renewed);
  await renewed.fit(set, fitting);
  expect(renewed.state.step).toBe(stepsPerEpoch);
  expect(
    distance(await valuesOf(renewed), trainedByAdam(small().network, middle, stepsPerEpoch)),
  ).toBeLessThan(tolerance);
});

it('a file written during a training has the step of its weights', async () => {
  const made = compiled(small(), counting());
  await made.fit(set, fitting);
  const files: Promise<Uint8Array>[] = [];
  const save: Callback = { onBatchEnd: () => void files.push(made.toFile()) };
  await made.fit(set, { epochs: 8, batchSize: 2, callbacks: [save] });
  const steps = (await Promise.all(files)).map((bytes) => {
    const { tensors, metadata } = readSafetensors(bytes, 'x');
    const { data } = tensors.get('count/dense/bias')!;
    expect(metadata['optimizer_step']).toBe(`${data[0]}`);
    return data[0]!;
  });
  expect(steps).toHaveLength(48);
  expect(steps.at(-1)).toBe(stepsPerEpoch + 48);
});

it('decoupled weight decay shrinks kernels alone, in a dispatch of their own', async () => {
  const dispatches: number[] = [];
  const count: Callback = {
    onTrainBegin: ({ kernels }) =>
      void dispatches.push(kernels.findIndex(({ pass }) => pass === 'step_state/end_step')),
  };
  for (const weightDecay of [0, 0.5]) {
    const made = compiled(small(), adam({ weightDecay }));
    const first = await valuesOf(made);
    await made.fit(set, { ...fitting, epochs: 2, callbacks: [count] });
    const wanted = trainedByAdam(made.network, first, 2 * stepsPerEpoch, weightDecay);
    expect(distance(await valuesOf(made), wanted)).toBeLessThan(tolerance);
  }
  expect(dispatches[1]! - dispatches[0]!).toBe(1);
});

it('layers that are frozen for a fit stay as they are, and learn again once they are unfrozen', async () => {
  let made = compiled(small());
  await made.fit(set, fitting);
  const changes = [
    (network: Network) => freeze(network, 'dense'),
    (network: Network) => freeze(unfreeze(network, 'dense'), 'dense_1'),
    (network: Network) => unfreeze(network, 'dense_1'),
  ];
  for (const change of changes) {
    const [evaluation, values] = [await made.evaluate(set), await valuesOf(made)];
    const next = made.withNetwork(change(made.network));
    made.dispose();
    made = compiled(next);
    expect(await made.evaluate(set)).toEqual(evaluation);
    await made.fit(set, fitting);
    const [got, wanted] = [await valuesOf(made), trainedByAdam(made.network, values, stepsPerEpoch)];
    expect(distance(got, wanted)).toBeLessThan(tolerance);
    const [frozen, trained] = [true, false].map((is) =>
      made.network.parameters.filter(({ isFrozen }) => isFrozen === is),
    );
    for (const { path } of frozen!) expect(got.get(path), path).toEqual(values.get(path));
    for (const { path } of trained!) expect(got.get(path), path).not.toEqual(values.get(path));
  }
});

it('a batch normalisation that is applied twice moves its statistics twice a step', async () => {
  const momentum = 0.75;
  const x = input({ shape: [8, 8, 1] });
  const shared = batchNormalization({ momentum });
  const first = shared.apply(dense({ units: 3 }).apply(flatten().apply(x)));
  const second = shared.apply(dense({ units: 3 }).apply(first));
  const outputs = dense({ units: 3, activation: 'softmax' }).apply(second);
  const made = compiled(model({ inputs: x, outputs }), sgd());
  const { network } = made;
  const values = await valuesOf(made);
  await made.fit(set, { batchSize: set.count, shuffle: false });

  const trace = new Trace();
  const image = trace.input({ shape: [set.count, 8, 8, 1], dtype: 'f32' });
  const state = trace.input({ shape: whole.shape, dtype: 'u32' });
  const tensors = network.parameters.map(({ shape }) => trace.input({ shape, dtype: 'f32' }));
  const byPath = new Map(network.parameters.map(({ path }, i) => [path, tensors[i]!]));
  trace.record(() =>
    network.forward(new Map([['input_layer', image]]), (path) => byPath.get(path)!, {
      isTraining: true,
      state,
    }),
  );
  const applications = trace.tape.flatMap((entry) =>
    entry.kind === 'call' && entry.op === 'batch_norm' ? [entry.outputs as Record<string, typeof image>] : [],
  );
  expect(applications).toHaveLength(2);
  const references = referencesOf([...checks.values()].map(({ reference }) => reference));
  const ofBatches = applications.flatMap(({ mean, variance }) => [mean!, variance!]);
  const run = new Interpreter(trace, references, ofBatches).run([
    batch64(0, set.count).x,
    whole,
    ...network.parameters.map(({ path, shape }) => array64(shape, values.get(path)!)),
  ]);
  const moved = (order: typeof applications): Values => {
    let [movingMean, movingVariance] = ['moving_mean', 'moving_variance'].map((name) =>
      array64([3], values.get(`batch_normalization/${name}`)!),
    ) as [Array64, Array64];
    for (const { mean, variance } of order) {
      const batch = { mean: run.valueOf(mean!), variance: run.valueOf(variance!) };
      ({ movingMean, movingVariance } = batchNormMovingReference.forward(
        { ...batch, movingMean, movingVariance },
        { momentum },
      ));
    }
    return new Map([
      ['batch_normalization/moving_mean', Float64Array.from(movingMean.values)],
      ['batch_normalization/moving_variance', Float64Array.from(movingVariance.values)],
    ]);
  };
  const got = await valuesOf(made);
  expect(distance(got, moved(applications))).toBeLessThan(tolerance);
  expect(distance(got, moved(applications.toReversed()))).toBeGreaterThan(0.01);
});
