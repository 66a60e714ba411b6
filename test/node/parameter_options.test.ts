/**
 * Penalties and constraints in trainings on a device:
 *   weights are within their constraints after each update of a batch that is split
 *   penalties of activations are in the reported loss: those of the samples that count, whatever the batch size
 *   a loss that a layer of a user adds, and noise, which a training resumes to the same bits
 */
import { expect, it } from 'vitest';
import { sum, square } from '../../src/kernels/index.js';
import { dense, flatten, gaussianNoise, identity } from '../../src/nn/layers/index.js';
import { defineLayer } from '../../src/nn/layers/define_layer.js';
import type { Layer } from '../../src/nn/layers/layer.js';
import { parameterExtensions } from '../../src/nn/parameters/parameter_options.js';
import { type Model, sequential } from '../../src/nn/model.js';
import { modelFile, modelFromFile } from '../../src/nn/files/model_files.js';
import { sgd } from '../../src/nn/optimizers/index.js';
import { allParameterOptions } from '../../src/nn/parameters/parameter_extensions.js';
import { useDevice } from '../device/device.js';
import { bars } from '../device/small_model.js';

useDevice();
parameterExtensions.provide(allParameterOptions);

const classifier = (...layers: Layer[]): Model => {
  const made = sequential([flatten({ inputShape: [8, 8, 1] }), ...layers]);
  made.compile({
    optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }),
    loss: 'sparseCategoricalCrossentropy',
  });
  return made;
};

it('weights stay within their constraints', async () => {
  const model = classifier(
    dense({ units: 4, activation: 'relu', kernelConstraint: { kind: 'maxNorm', maxValue: 0.5 } }),
    dense({ units: 3, activation: 'softmax', kernelConstraint: 'nonNeg', biasConstraint: 'nonNeg' }),
  );
  const before = await model.weights();
  await model.fit(bars(24), { epochs: 2, batchSize: 16, microBatchSize: 5 });
  const after = await model.weights();
  const norms = (kernel: Float32Array): number[] =>
    Array.from({ length: 4 }, (_, unit) => Math.hypot(...kernel.filter((_, i) => i % 4 === unit)));
  expect(Math.max(...norms(before.get('dense/kernel')!))).toBeGreaterThan(0.6);
  for (const norm of norms(after.get('dense/kernel')!)) expect(norm).toBeLessThan(0.5 + 1e-5);
  expect(Math.max(...norms(after.get('dense/kernel')!))).toBeGreaterThan(0.49);
  for (const path of ['dense_1/kernel', 'dense_1/bias']) {
    expect(Math.min(...after.get(path)!)).toBe(0);
    expect(Math.max(...after.get(path)!)).toBeGreaterThan(0);
  }
});

it('penalties of activations are in the loss, over the samples alone', async () => {
  const Added = defineLayer({
    className: 'Added',
    call: (x, _, { addLoss }) => {
      addLoss(sum(square(x), { axis: [0, 1] }));
      return x;
    },
  });
  const set = bars(10);
  const plain = classifier(dense({ units: 3, activation: 'softmax' }));
  const of = async (layer: Layer, batchSize: number): Promise<number> => {
    const model = classifier(layer, dense({ units: 3, activation: 'softmax' }));
    model.setWeights(await plain.weights());
    return (await model.evaluate(set, { batchSize })).loss - (await plain.evaluate(set)).loss;
  };
  const pixels = Float64Array.from(set.images, (byte) => byte / 255);
  const squares = pixels.reduce((total, x) => total + x * x, 0);
  for (const batchSize of [10, 4]) {
    const penalised = await of(identity({ activityRegularizer: { l2: 0.01 } }), batchSize);
    expect(penalised).toBeCloseTo((0.01 * squares) / 10, 4);
  }
  expect((await of(Added(), 10)) / squares).toBeCloseTo(1, 4);
});

it('noise is the same after a resume', async () => {
  const make = (): Model =>
    classifier(
      gaussianNoise({ stddev: 0.3 }),
      dense({ units: 3, activation: 'softmax', activityRegularizer: 'l2' }),
    );
  const whole = make();
  await whole.fit(bars(24), { epochs: 2, batchSize: 10 });
  const half = make();
  const { checkpoint } = await half.fit(bars(24), { epochs: 1, batchSize: 10 });
  const loaded = modelFromFile(await modelFile(half, { checkpoint }));
  loaded.compile({
    optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }),
    loss: 'sparseCategoricalCrossentropy',
  });
  await loaded.fit(bars(24), { epochs: 2, batchSize: 10, resume: checkpoint });
  expect(await loaded.weights()).toEqual(await whole.weights());
});
