/**
 * Batch normalisation, gradient descent and the L2 term in a model:
 *   a part batch counts only its samples: the kernels, and a whole training step, against a batch without padding
 *   moving statistics after one step, by hand; inference uses them and leaves them alone
 *   they are part of the weights: saved under Keras's names, loaded, resumed with the same bits, restored by early stopping
 *   the reported loss includes the L2 term; its gradient is 2λ·w; without it a step has no more dispatches
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ImageSet } from '../../src/data/dataset.js';
import type { Device } from '../../src/engine/device.js';
import { grad } from '../../src/kernels/grad.js';
import { program } from '../../src/engine/program.js';
import { Tensor } from '../../src/engine/tensor.js';
import { ModelError } from '../../src/errors.js';
import { batchNorm, multiply } from '../../src/kernels/index.js';
import { stateSize, stateWords } from '../../src/kernels/step_state.js';
import type { Callback } from '../../src/nn/callbacks/callback.js';
import { earlyStopping } from '../../src/nn/callbacks/index.js';
import { DeviceSet } from '../../src/nn/samples/device_set.js';
import { activation, batchNormalization, dense, flatten } from '../../src/nn/layers/index.js';
import type { Regularizer } from '../../src/nn/parameters/regularizer.js';
import { sgd } from '../../src/nn/optimizers/index.js';
import { readSafetensors } from '../../src/nn/files/safetensors.js';
import { type Model, sequential } from '../../src/nn/model.js';
import { TrainingStep } from '../../src/nn/training/training_step.js';
import { drawSigned, randomFrom } from '../../src/check/draws.js';
import { memoryFolder } from '../../src/memory_folder.js';
import { open } from '../device/open.js';
import { bars } from '../device/small_model.js';

let device: Device;
const folder = memoryFolder();
beforeAll(async () => {
  device = await open();
});
afterAll(() => device.destroy());

type Weights = ReadonlyMap<string, Float32Array<ArrayBuffer>>;

/** Pixels and hidden units normalised; no dropout, so that batches padded and not draw nothing else. */
function normModel({
  seed = 0,
  momentum = 0.9,
  learningRate = 0.05,
  kernelRegularizer = null,
}: {
  readonly seed?: number;
  readonly momentum?: number;
  readonly learningRate?: number;
  readonly kernelRegularizer?: Regularizer | null;
} = {}): Model {
  const model = sequential(
    [
      batchNormalization({ momentum: 0.8, inputShape: [8, 8, 1] }),
      flatten(),
      dense({ units: 6, useBias: false, kernelRegularizer }),
      batchNormalization({ momentum: 0.8 }),
      activation({ activation: 'relu' }),
      dense({ units: 3, activation: 'softmax', kernelRegularizer }),
    ],
    { seed, device },
  );
  model.compile({ optimizer: sgd({ learningRate, momentum }), loss: 'sparseCategoricalCrossentropy' });
  return model;
}

function firstOf(set: ImageSet, count: number): ImageSet {
  const { height, width, channels, classNames } = set;
  const images = set.images.slice(0, count * height * width * channels);
  return new ImageSet({ images, labels: set.labels.slice(0, count), height, width, channels, classNames });
}

/** The largest difference of two sets of weights, as a share of the largest weight of each parameter. */
function distance(a: Weights, b: Weights): number {
  expect([...a.keys()]).toEqual([...b.keys()]);
  return Math.max(
    ...[...a].map(([name, values]) => {
      const others = b.get(name)!;
      const size = Math.max(...others.map(Math.abs), 1e-6);
      return Math.max(...values.map((value, i) => Math.abs(value - others[i]!))) / size;
    }),
  );
}

describe('a part batch', () => {
  it('has the statistics and gradients of the batch without the padding after it', async () => {
    const [C, inner] = [5, 6 * 6 * 5];
    const random = randomFrom(21, 0);
    const draw = (...shape: number[]): Float32Array<ArrayBuffer> =>
      Float32Array.from(drawSigned(random, shape).values);
    const [x, dy] = [draw(5, 6, 6, C), draw(5, 6, 6, C)];
    const channels = [draw(C), draw(C)].map((values) => Tensor.from(values, [C], device));
    // The values after the end are arbitrary.
    const padded = (values: Float32Array): Float32Array<ArrayBuffer> => {
      const longer = new Float32Array(8 * inner).fill(1e20);
      longer.set(values);
      return longer;
    };
    const run = async (N: number, x: Float32Array<ArrayBuffer>, dy: Float32Array<ArrayBuffer>) => {
      const words = new Uint32Array(stateSize);
      words[stateWords.cursor] = 16;
      words[stateWords.epochSize] = 16 + 5;
      const state = Tensor.from(words, [stateSize], device);
      const operands = [x, dy].map((values) => Tensor.from(values, [N, 6, 6, C], device));
      const results = program((x, dy, gamma, beta, state) => {
        const { y, mean, variance } = batchNorm(x, { gamma, beta, state });
        return [mean, variance, y, ...grad(multiply(y, dy), [x, gamma, beta])];
      }, device).call(...operands, ...channels, state);
      return Promise.all(results.map(async (tensor) => [...(await tensor.data())]));
    };
    const whole = await run(5, x, dy);
    const part = await run(8, padded(x), padded(dy));
    // The gradient of what does not count is 0.
    expect(part[3]!.slice(5 * inner)).toEqual(Array.from({ length: 3 * inner }, () => 0));
    whole.forEach((values, result) => {
      const size = Math.max(...values.map(Math.abs));
      values.forEach((value, i) => expect(Math.abs(part[result]![i]! - value)).toBeLessThan(1e-5 * size));
    });
  });

  it('trains a model as the batch without padding does', async () => {
    const set = firstOf(bars(30), 5);
    const options = { epochs: 3, shuffle: false };
    const whole = normModel();
    await whole.fit(set, { ...options, batchSize: 5 });
    const part = normModel();
    await part.fit(set, { ...options, batchSize: 8 });
    expect(distance(await part.weights(), await whole.weights())).toBeLessThan(2e-5);
    // Control: one image fewer is another training.
    const fewer = normModel();
    await fewer.fit(firstOf(set, 4), { ...options, batchSize: 8 });
    expect(distance(await fewer.weights(), await whole.weights())).toBeGreaterThan(1e-2);
  });
});

describe('moving statistics', () => {
  it('follow the batch by hand: mean and biased variance, 1 − momentum of the way', async () => {
    const model = sequential(
      [
        batchNormalization({ momentum: 0.75, inputShape: [8, 8, 1] }),
        flatten(),
        dense({ units: 3, activation: 'softmax' }),
      ],
      { device },
    );
    model.compile({ optimizer: sgd(), loss: 'sparseCategoricalCrossentropy' });
    const set = firstOf(bars(30), 6);
    await model.fit(set, { batchSize: 8 });
    const pixels = [...set.images].map((byte) => byte / 255);
    const mean = pixels.reduce((sum, value) => sum + value, 0) / pixels.length;
    const variance = pixels.reduce((sum, value) => sum + (value - mean) ** 2, 0) / pixels.length;
    const weights = await model.weights();
    expect(weights.get('batch_normalization/moving_mean')![0]).toBeCloseTo(0.25 * mean, 6);
    expect(weights.get('batch_normalization/moving_variance')![0]).toBeCloseTo(0.75 + 0.25 * variance, 6);
  });

  it('are what inference uses, and inference leaves them alone', async () => {
    const model = normModel();
    await model.fit(bars(30), { epochs: 4, batchSize: 8 });
    const before = await model.weights();
    const set = bars(12, 9);
    const together = await model.predict(set, { batchSize: 8 });
    const first = await model.predict(firstOf(set, 1), { batchSize: 1 });
    first.forEach((value, i) => expect(value).toBeCloseTo(together[i]!, 5));
    await model.evaluate(set, { batchSize: 8 });
    expect(await model.weights()).toEqual(before);

    const moved = new Map(before);
    moved.set('batch_normalization/moving_mean', Float32Array.of(0.5));
    model.setWeights(moved);
    expect(await model.predict(firstOf(set, 1), { batchSize: 1 })).not.toEqual(first);
  });

  it('are all there is without scale and centre: outputs of mean 0 and deviation 1', async () => {
    const model = sequential(
      [
        batchNormalization({
          center: false,
          scale: false,
          momentum: 0,
          epsilon: 1e-9,
          inputShape: [8, 8, 1],
        }),
        flatten(),
        dense({ units: 64 }),
      ],
      { device },
    );
    model.compile({ optimizer: sgd({ learningRate: 0 }), loss: 'sparseCategoricalCrossentropy' });
    // The dense layer hands on what it is given.
    const identity = Float32Array.from({ length: 64 * 64 }, (_, i) => (i % 65 === 0 ? 1 : 0));
    model.setWeights(new Map(await model.weights()).set('dense/kernel', identity));
    const set = firstOf(bars(30), 8);
    await model.fit(set, { batchSize: 8 });
    const outputs = [...(await model.predict(set, { batchSize: 8 }))];
    const mean = outputs.reduce((sum, value) => sum + value, 0) / outputs.length;
    const square = outputs.reduce((sum, value) => sum + value * value, 0) / outputs.length;
    expect(mean).toBeCloseTo(0, 5);
    expect(square).toBeCloseTo(1, 5);
  });

  it('are saved under the names of Keras, and loaded to the same predictions', async () => {
    const model = normModel();
    await model.fit(bars(30), { epochs: 2, batchSize: 8 });
    await model.saveWeights(folder, 'last');
    const { tensors } = readSafetensors(await folder.read('last.safetensors'), 'last');
    expect([...tensors.keys()].filter((name) => /normalization_1/.test(name)).sort()).toEqual([
      'batch_normalization_1/beta',
      'batch_normalization_1/gamma',
      'batch_normalization_1/moving_mean',
      'batch_normalization_1/moving_variance',
      'velocity/batch_normalization_1/beta',
      'velocity/batch_normalization_1/gamma',
    ]);
    const loaded = normModel({ seed: 9 });
    await loaded.loadWeights(folder, 'last');
    expect(await loaded.weights()).toEqual(await model.weights());
    expect(await loaded.predict(bars(8))).toEqual(await model.predict(bars(8)));

    const other = sequential(
      [batchNormalization({ inputShape: [8, 8, 1] }), flatten(), dense({ units: 3 })],
      { device },
    );
    await expect(other.loadWeights(folder, 'last')).rejects.toThrow(ModelError);
    const without = new Map(await model.weights());
    without.delete('batch_normalization/moving_mean');
    expect(() => model.setWeights(without)).toThrowErrorMatchingInlineSnapshot(
      `[ModelError: model: weights for 'batch_normalization/moving_mean' have no values, expected 1.]`,
    );
  });

  it.each([2, 5, 9])('are part of a run that was interrupted at step %i and resumed', async (stopAt) => {
    const options = { epochs: 3, batchSize: 8, validationData: bars(12, 7), seed: 5 };
    const recipe = { kernelRegularizer: { l2: 1e-3 } };
    const straight = normModel(recipe);
    const whole = await straight.fit(bars(30), options);

    const controller = new AbortController();
    const stopper: Callback = {
      onBatchEnd: (_step, _logs, training) => {
        if (training.position().step >= stopAt) controller.abort();
      },
    };
    const first = normModel(recipe);
    const part = await first.fit(bars(30), { ...options, signal: controller.signal, callbacks: [stopper] });
    await first.saveWeights(folder, 'last', { checkpoint: part.checkpoint });

    const second = normModel({ ...recipe, seed: 99 });
    const { checkpoint } = await second.loadWeights(folder, 'last');
    const rest = await second.fit(bars(30), { ...options, resume: checkpoint! });
    expect(await second.weights()).toEqual(await straight.weights());
    for (const metric of ['loss', 'val_loss'])
      expect([...(part.metrics[metric] ?? []), ...rest.metrics[metric]!]).toEqual(whole.metrics[metric]);
  });

  it('come back with the best weights', async () => {
    const model = normModel();
    const kept: Weights[] = [];
    const keep: Callback = {
      onEpochEnd: async (_, __, training) => void kept.push(await training.model.weights()),
    };
    await model.fit(bars(30), {
      epochs: 4,
      batchSize: 8,
      // The highest loss is the best: the first epoch's.
      callbacks: [
        keep,
        earlyStopping({ monitor: 'loss', mode: 'max', patience: 2, restoreBestWeights: true }),
      ],
    });
    expect(kept.length).toBeGreaterThan(1);
    expect(await model.weights()).toEqual(kept[0]);
    expect(kept.at(-1)).not.toEqual(kept[0]);
  });
});

describe('the L2 term', () => {
  const lambda = 0.02;
  const squares = (weights: Weights): number =>
    [...weights]
      .filter(([name]) => name.endsWith('/kernel'))
      .flatMap(([, values]) => [...values])
      .reduce((sum, value) => sum + value * value, 0);

  it('is part of the loss that fit and evaluate report, the part batch included', async () => {
    const set = bars(30);
    const plain = normModel({ learningRate: 0 });
    const regularised = normModel({ learningRate: 0, kernelRegularizer: { l2: lambda } });
    const losses = [];
    for (const model of [plain, regularised]) {
      const { metrics } = await model.fit(set, { batchSize: 8, validationData: bars(13, 4) });
      losses.push({
        fit: metrics['loss']![0]!,
        validation: metrics['val_loss']![0]!,
        accuracy: metrics['accuracy'],
      });
    }
    const term = lambda * squares(await plain.weights());
    expect(term).toBeGreaterThan(0.1);
    expect(losses[1]!.fit - losses[0]!.fit).toBeCloseTo(term, 5);
    expect(losses[1]!.validation - losses[0]!.validation).toBeCloseTo(term, 5);
    expect(losses[1]!.accuracy).toEqual(losses[0]!.accuracy);
    const { loss } = await regularised.evaluate(bars(13, 4), { batchSize: 8 });
    expect(loss).toBeCloseTo(losses[1]!.validation, 5);
  });

  it('pulls each kernel by 2λ·w and nothing else', async () => {
    const learningRate = 0.5;
    const set = firstOf(bars(30), 8);
    const start = await normModel().weights();
    const [plain, regularised] = [null, { l2: lambda }].map((kernelRegularizer) =>
      normModel({ learningRate, momentum: 0, kernelRegularizer }),
    ) as [Model, Model];
    for (const model of [plain, regularised]) await model.fit(set, { batchSize: 8 });
    const without = await plain.weights();
    for (const [name, values] of await regularised.weights()) {
      const pull = name.endsWith('/kernel') ? learningRate * 2 * lambda : 0;
      values.forEach((value, i) =>
        expect(value, `${name}[${i}]`).toBeCloseTo(without.get(name)![i]! - pull * start.get(name)![i]!, 5),
      );
    }
  });

  it('costs nothing if there is none', async () => {
    const labels = async (model: Model): Promise<string[]> => {
      const images = new DeviceSet(device, bars(16));
      const step = await TrainingStep.create(model, images, 8);
      const found = step.plan.dispatches.map(({ label }) => label);
      step.dispose();
      images.dispose();
      return found;
    };
    const plain = await labels(normModel());
    const regularised = await labels(normModel({ kernelRegularizer: { l2: lambda } }));
    const isExtra = (label: string): boolean => label.includes('l2_') || label.includes('fill');
    expect(plain.filter(isExtra)).toEqual([]);
    expect(regularised.filter(isExtra).length).toBeGreaterThan(0);
    expect(await labels(normModel({ kernelRegularizer: { l2: 0 } }))).toEqual(plain);
  });
});
