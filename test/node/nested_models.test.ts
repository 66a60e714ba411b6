/**
 * Models in models on a device: an encoder lends its weights to the model that contains it, which trains and saves them;
 * `submodel` returns them; features of a layer follow the training.
 */
import { expect, it } from 'vitest';
import { dense, dropout, flatten } from '../../src/nn/layers/index.js';
import { input } from '../../src/nn/layers/input.js';
import { parameterExtensions } from '../../src/nn/parameters/parameter_options.js';
import { model, sequential } from '../../src/nn/model.js';
import { modelFile, modelFromFile } from '../../src/nn/files/model_files.js';
import { sgd } from '../../src/nn/optimizers/index.js';
import { allParameterOptions } from '../../src/nn/parameters/parameter_extensions.js';
import { useDevice } from '../device/device.js';
import { bars } from '../device/small_model.js';

useDevice();
parameterExtensions.provide(allParameterOptions);

it('an encoder is trained in a model, saved with it, and taken out of it', async () => {
  const set = bars(24);
  const encoder = sequential(
    [flatten({ inputShape: [8, 8, 1] }), dense({ units: 6, activation: 'relu' }), dropout({ rate: 0.25 })],
    { name: 'encoder', seed: 5 },
  );
  const before = await encoder.predict(set);
  const x = input({ shape: [8, 8, 1] });
  const whole = model({
    inputs: x,
    outputs: dense({ units: 3, activation: 'softmax' }).apply(encoder.apply(x)),
  });
  const features = whole.upTo('encoder');
  // It begins with the weights of the encoder.
  expect(await features.predict(set)).toEqual(before);
  whole.compile({ optimizer: sgd({ learningRate: 0.1 }), loss: 'sparseCategoricalCrossentropy' });
  const { checkpoint } = await whole.fit(set, { epochs: 2, batchSize: 12 });
  const after = await features.predict(set);
  expect(after).not.toEqual(before);
  expect(await encoder.predict(set)).toEqual(before);
  const taken = whole.submodel('encoder');
  expect(await taken.predict(set)).toEqual(after);
  encoder.setWeights(await taken.weights());
  expect(await encoder.predict(set)).toEqual(after);

  const loaded = modelFromFile(await modelFile(whole, { checkpoint }));
  expect([...(await loaded.weights()).keys()]).toContain('encoder/dense/kernel');
  expect(await loaded.predict(set)).toEqual(await whole.predict(set));
  expect(await loaded.submodel('encoder').predict(set)).toEqual(after);
});
