/** What `fit`, `evaluate` and `predict` refuse of a set for a model with several inputs or outputs, by name. */
import { describe, expect, it } from 'vitest';
import { concatenate, dense, flatten } from '../../src/nn/layers/index.js';
import { input } from '../../src/nn/layers/input.js';
import { type Model, model } from '../../src/nn/model.js';
import { sgd } from '../../src/nn/optimizers/index.js';
import { ImageSet } from '../../src/data/dataset.js';
import { hollowDevice } from './fake_device.js';

function images(count: number, width = 2): ImageSet {
  const labels = new Uint8Array(count);
  const shape = { height: 2, width, channels: 1 };
  return new ImageSet({
    images: new Uint8Array(count * 2 * width),
    labels,
    ...shape,
    classNames: ['a', 'b'],
  });
}

function twoOutputs(): Model {
  const x = input({ shape: [2, 2, 1] });
  const features = flatten().apply(x);
  const outputs = [dense({ units: 3, name: 'digit' }), dense({ units: 2, name: 'parity' })];
  const made = model({
    inputs: x,
    outputs: outputs.map((layer) => layer.apply(features)),
    device: hollowDevice('gpu'),
  });
  made.compile({ optimizer: sgd(), loss: 'sparseCategoricalCrossentropy' });
  return made;
}

function twoInputs(): Model {
  const inputs = ['left', 'right'].map((name) => input({ shape: [2, 2, 1], name }));
  const flat = inputs.map((x) => flatten().apply(x));
  const made = model({
    inputs,
    outputs: dense({ units: 2 }).apply(concatenate().apply(flat)),
    device: hollowDevice('gpu'),
  });
  made.compile({ optimizer: sgd(), loss: 'sparseCategoricalCrossentropy' });
  return made;
}

const digit = [0, 1, 2];
const parity = [0, 1, 0];

describe('labels', () => {
  it.each<[labels: unknown, message: string]>([
    [
      [0, 1, 2],
      'labels are [0,1,2], but the model has 2 trained outputs; give a list for each, as { digit: …, parity: … }.',
    ],
    [
      undefined,
      'labels are undefined, but the model has 2 trained outputs; give a list for each, as { digit: …, parity: … }.',
    ],
    [{ digit }, 'labels.parity is missing, expected labels for digit, parity.'],
    [{ digit, parity, size: [] }, 'labels.size is not a trained output, expected labels for digit, parity.'],
    [
      { digit, parity: new Uint8Array(2) },
      'labels.parity are a Uint8Array of 2, expected one for each of 3 images.',
    ],
    [{ digit, parity: 1 }, 'labels.parity are 1, expected one for each of 3 images.'],
    [{ digit, parity: digit }, 'labels.parity[2] is 2, which does not fit an output of 2 classes (0 to 1).'],
  ])('%j', async (labels, message) => {
    const made = twoOutputs();
    const set = { ...images(3), labels } as never;
    await expect(made.fit(set)).rejects.toThrow(`fit: ${message}`);
    await expect(made.evaluate(set)).rejects.toThrow(`evaluate: ${message}`);
    const good = { ...images(3), labels: { digit, parity } };
    await expect(made.fit(good, { validationData: set })).rejects.toThrow(`fit: validationData: ${message}`);
  });

  it('are compared with the trained output, which need not be the first', async () => {
    const made = twoOutputs();
    made.compile({ optimizer: sgd(), loss: { parity: 'sparseCategoricalCrossentropy' } });
    await expect(made.fit({ ...images(3), labels: digit })).rejects.toThrow(
      'fit: labels[2] is 2, which does not fit an output of 2 classes (0 to 1).',
    );
    await expect(made.fit({ ...images(3), labels: { digit, parity } })).rejects.toThrow(
      'fit: labels.digit is not a trained output, expected labels for parity.',
    );
  });

  it('a checkpoint of other losses is refused', async () => {
    const position = { step: 1, epoch: 0, cursor: 1, sums: { loss: 1, accuracy: 1, count: 1 } };
    const resume = { position, callbacks: {}, learningRate: null };
    await expect(
      twoOutputs().fit({ ...images(3), labels: { digit, parity } }, { batchSize: 1, resume }),
    ).rejects.toThrow(
      'fit: the checkpoint has the sums loss, accuracy, count, but the losses of the model have loss, digit_loss, digit_accuracy, count, parity_loss, parity_accuracy; compile it with the losses that the checkpoint was made with.',
    );
  });
});

describe('inputs', () => {
  it.each<[set: unknown, message: string]>([
    [
      images(3),
      'the set has images for one input, but the model has 2; give a set for each, as { inputs: { left: …, right: … } }.',
    ],
    [{ inputs: { left: images(3) } }, 'inputs.right is missing, expected inputs for left, right.'],
    [
      { inputs: { left: images(3), right: images(3), top: images(3) } },
      'inputs.top is not an input of the model, expected inputs for left, right.',
    ],
    [
      { inputs: { left: images(3), right: images(2) } },
      'inputs.right: the set has 2 images, expected 3 as in the others.',
    ],
    [
      { inputs: { left: images(3), right: images(3, 3) } },
      'inputs.right: the images are [2,3,1] but the model takes [2,2,1].',
    ],
    [{ inputs: { left: images(3), right: 5 } }, 'inputs.right: the set is 5, expected an ImageSet.'],
  ])('%#', async (set, message) => {
    const made = twoInputs();
    const labelled = Object.assign(Object.create(set as object) as object, { labels: parity }) as never;
    await expect(made.fit(labelled)).rejects.toThrow(`fit: ${message}`);
    await expect(made.evaluate(labelled)).rejects.toThrow(`evaluate: ${message}`);
    await expect(made.predict(set as never)).rejects.toThrow(`predict: ${message}`);
  });
});
