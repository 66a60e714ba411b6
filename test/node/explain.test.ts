// Plan: explanations by hand, over a partial last batch:
//   input gradients of a linear model are its weights, of the class asked for or of the likeliest
//   Grad-CAM of a convolution before global average pooling is the sum of its maps by the weights of the class; a smaller
//     layer is resized to the input; nothing speaks for a class: zeros, not NaN
//   wrong layers and classes
import { expect, test } from 'vitest';
import { gradCam, inputGradients } from '../../src/nn/explain.js';
import { conv2d, dense, flatten, globalAveragePooling2d, maxPooling2d } from '../../src/nn/layers/index.js';
import { parameterExtensions } from '../../src/nn/parameters/parameter_options.js';
import { type Model, sequential } from '../../src/nn/model.js';
import { allParameterOptions } from '../../src/nn/parameters/parameter_extensions.js';
import { bars } from '../device/small_model.js';
import { useDevice } from '../device/device.js';

useDevice();
parameterExtensions.provide(allParameterOptions);
const count = 7;
const images = bars(count);
const batchSize = 3;

const argMaxOf = (row: Float32Array): number => row.indexOf(Math.max(...row));
async function likeliest(model: Model): Promise<number[]> {
  const rows = await model.predict(images);
  return Array.from({ length: count }, (_, n) => argMaxOf(rows.subarray(n * 3, n * 3 + 3)));
}

test('input gradients of a linear model are its weights', async () => {
  using model = sequential([flatten({ inputShape: [8, 8, 1] }), dense({ units: 3, activation: 'softmax' })]);
  const kernel = (await model.weights()).get('dense/kernel')!;
  const column = (label: number): number[] => Array.from({ length: 64 }, (_, i) => kernel[i * 3 + label]!);
  const own = await inputGradients(model, images, { batchSize });
  const expected = await likeliest(model);
  expect([...own.classes]).toEqual(expected);
  expect([...own.values]).toEqual(expected.flatMap(column));
  const second = await inputGradients(model, images, { classIndex: 1 });
  expect([...second.classes]).toEqual(expected.map(() => 1));
  expect([...second.values]).toEqual(expected.flatMap(() => column(1)));
});

test('Grad-CAM of a convolution before global average pooling', async () => {
  using model = sequential([
    conv2d({ filters: 4, kernelSize: 3, padding: 'same', inputShape: [8, 8, 1] }),
    globalAveragePooling2d(),
    dense({ units: 3, activation: 'softmax' }),
  ]);
  const { values, classes } = await gradCam(model, images, { layer: 'conv2d', batchSize });
  expect([...classes]).toEqual(await likeliest(model));
  const kernel = (await model.weights()).get('dense/kernel')!;
  const maps = await model.upTo('conv2d').predict(images);
  for (let n = 0; n < count; n++) {
    const cam = Array.from({ length: 64 }, (_, p) =>
      Math.max(
        0,
        [0, 1, 2, 3].reduce((sum, k) => sum + maps[(n * 64 + p) * 4 + k]! * kernel[k * 3 + classes[n]!]!, 0),
      ),
    );
    const most = Math.max(...cam);
    cam.forEach((value, p) => {
      expect(values[n * 64 + p]).toBeCloseTo(most > 0 ? value / most : 0, 4);
    });
  }
});

test('Grad-CAM of a smaller layer has the size of the input, and no NaN', async () => {
  using model = sequential([
    conv2d({ filters: 2, kernelSize: 3, activation: 'relu', inputShape: [8, 8, 1] }),
    maxPooling2d(),
    flatten(),
    dense({ units: 3, activation: 'softmax' }),
  ]);
  const dead = new Map(await model.weights());
  dead.set('conv2d/bias', Float32Array.of(-99, -99));
  model.setWeights(dead);
  const { values } = await gradCam(model, images, { layer: 'max_pooling2d', classIndex: 2 });
  expect([...values]).toEqual(Array.from({ length: count * 64 }, () => 0));
});

test('wrong layers and classes', async () => {
  using model = sequential([flatten({ inputShape: [8, 8, 1] }), dense({ units: 3, activation: 'softmax' })]);
  await expect(gradCam(model, images, { layer: 'conv' })).rejects.toThrow("there is no layer 'conv'");
  await expect(gradCam(model, images, { layer: 'flatten' })).rejects.toThrow(
    "gradCam: layer 'flatten' has the values [64] per sample, expected maps [height,width,channels] of images.",
  );
  await expect(inputGradients(model, images, { classIndex: 3 })).rejects.toThrow(
    'inputGradients: classIndex is 3, expected an integer from 0 to 2.',
  );
});
