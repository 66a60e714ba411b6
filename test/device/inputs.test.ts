/**
 * From the images on the device to a model's inputs (src/nn/network/inputs.ts):
 *   scaling and standardising by hand; filters before standardising; augmentation after both, like image.augment
 *   the second epoch sees other variants; several variants per image: labels follow, each variant differs
 *   how many dispatches all this takes
 *   fit refuses variants without augmentation; a model keeps its preprocessing when it is saved
 */
import { describe, expect, it } from 'vitest';
import { program } from '../../src/engine/program.js';
import { Tensor } from '../../src/engine/tensor.js';
import { image, scale } from '../../src/kernels/index.js';
import { stateSize, stateWords } from '../../src/kernels/step_state.js';
import { DeviceSet } from '../../src/nn/samples/device_set.js';
import { augmentedBy } from '../../src/nn/samples/augmented_inputs.js';
import { type InputOptions, gatherInputs } from '../../src/nn/network/inputs.js';
import { layerClasses } from '../../src/nn/layers/class_names.js';
import { dense, flatten } from '../../src/nn/layers/index.js';
import { registerLayers } from '../../src/nn/layers/registry.js';
import { filters, preprocessing, unitScaling } from '../../src/nn/samples/preprocessing.js';
import { Model, sequential } from '../../src/nn/model.js';
import { sgd } from '../../src/nn/optimizers/index.js';
import { useDevice } from './device.js';

registerLayers(layerClasses);

const held = useDevice();

const [height, width, count] = [6, 5, 3];
const bytes = Uint8Array.from({ length: count * height * width }, (_, i) => (i * 37) % 256);
const images = { images: bytes, labels: [2, 0, 1], count, height, width, channels: 1 };
const unit = () =>
  Tensor.from(
    Float32Array.from(bytes, (byte) => byte / 255),
    [count, height, width, 1],
    held.device,
  );

/** The batch of a set at the beginning of an epoch. */
async function inputs(
  options: InputOptions,
  { epoch = 0, variantsPerImage = 1 } = {},
): Promise<{ x: Float32Array; y: Uint32Array }> {
  const set = new DeviceSet(held.device, images, { variantsPerImage });
  const words = new Uint32Array(stateSize);
  words[stateWords.seed] = 5;
  words[stateWords.epoch] = epoch;
  words[stateWords.epochSize] = set.epochSize;
  const state = Tensor.from(words, [stateSize], held.device);
  const { x, y } = program(() => gatherInputs(set, state, options), held.device).call();
  const read = { x: (await x.data()) as Float32Array, y: (await y.data()) as Uint32Array };
  for (const each of [x, y, state]) each.dispose();
  set.dispose();
  return read;
}

/** The largest difference; a handful of roundings of values up to 10 leave less than 1e-5. */
const distance = (found: ArrayLike<number>, expected: ArrayLike<number>): number =>
  found.length === expected.length
    ? Array.from(found).reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0)
    : Infinity;
const rounding = 1e-5;

const augmentation = { rotation: 20, widthShift: 0.2, zoom: 0.2, erasing: { probability: 1 } };

describe('inputs', () => {
  it('scales to 0 … 1, or standardises', async () => {
    const plain = await inputs({ batch: count, preprocessing: unitScaling });
    expect(
      distance(
        plain.x,
        Array.from(bytes, (byte) => byte / 255),
      ),
    ).toBeLessThan(rounding);
    expect([...plain.y]).toEqual([2, 0, 1]);
    const standard = preprocessing({ standardise: { mean: 0.25, deviation: 0.5 } });
    expect(
      distance(
        (await inputs({ batch: count, preprocessing: standard })).x,
        Array.from(bytes, (byte) => (byte / 255 - 0.25) / 0.5),
      ),
    ).toBeLessThan(rounding);
  });

  it('filters values 0 … 1 with black outside, then standardises', async () => {
    const chain = [filters.blur(2), filters.sharpen()];
    const expected = scale(image.sharpen(image.blur(unit(), 2)), 2, -0.5);
    const standard = preprocessing({ standardise: { mean: 0.25, deviation: 0.5 }, filters: chain });
    expect(
      distance(
        (await inputs({ batch: count, preprocessing: standard })).x,
        (await expected.data()) as Float32Array,
      ),
    ).toBeLessThan(rounding);
  });

  it('augments as image.augment does for the same seed and epoch, differently each epoch', async () => {
    const options = { batch: count, preprocessing: unitScaling, augment: augmentedBy(augmentation) };
    const [first, second] = [await inputs(options), await inputs(options, { epoch: 1 })];
    const alone = async (epoch: number) =>
      (await image.augment(unit(), augmentation, { seed: 5, epoch }).data()) as Float32Array;
    expect(distance(first.x, await alone(0))).toBeLessThan(rounding);
    expect(distance(second.x, await alone(1))).toBeLessThan(rounding);
    expect(first.x).not.toEqual(second.x);
  });

  it('augments black and white of standardised inputs', async () => {
    const standard = preprocessing({ standardise: { mean: 0.25, deviation: 0.5 } });
    const both = await inputs({ batch: count, preprocessing: standard, augment: augmentedBy(augmentation) });
    const plain = await inputs({
      batch: count,
      preprocessing: unitScaling,
      augment: augmentedBy(augmentation),
    });
    expect(
      distance(
        both.x,
        plain.x.map((value) => (value - 0.25) / 0.5),
      ),
    ).toBeLessThan(rounding);
  });

  it('shows each image as often as there are variants, each otherwise', async () => {
    const options = { batch: 2 * count, preprocessing: unitScaling, augment: augmentedBy(augmentation) };
    const { x, y } = await inputs(options, { variantsPerImage: 2 });
    expect([...y]).toEqual([2, 0, 1, 2, 0, 1]);
    const size = height * width;
    for (let i = 0; i < count; i++)
      expect(x.subarray(i * size, (i + 1) * size)).not.toEqual(
        x.subarray((count + i) * size, (count + i + 1) * size),
      );
  });
});

it('takes one dispatch to gather, one per filter iteration, two to augment, and two more for colours', () => {
  const dispatches = (options: Omit<InputOptions, 'batch'>): string[] => {
    const set = new DeviceSet(held.device, images);
    const state = Tensor.from(new Uint32Array(stateSize), [stateSize], held.device);
    const { dispatches: list } = program(
      () => gatherInputs(set, state, { batch: 3, ...options }),
      held.device,
    ).plan();
    state.dispose();
    set.dispose();
    return list.map(({ label }) => label);
  };
  const gather = 'batch_gather/forward';
  expect(dispatches({ preprocessing: unitScaling })).toEqual([gather]);
  const chain = preprocessing({ filters: [filters.blur(2), filters.sharpen()] });
  expect(dispatches({ preprocessing: chain })).toEqual([
    gather,
    ...Array.from({ length: 3 }, () => 'filter2d/forward'),
  ]);
  const moved = ['augment/draw', 'augment/forward'];
  expect(dispatches({ preprocessing: unitScaling, augment: augmentedBy(augmentation) }).sort()).toEqual(
    [...moved, gather].sort(),
  );
  const coloured = dispatches({
    preprocessing: unitScaling,
    augment: augmentedBy({ ...augmentation, contrast: 0.1 }),
  });
  expect(coloured.sort()).toEqual([...moved, 'augment/colour', gather, 'sum/forward'].sort());
});

describe('a model', () => {
  const layers = () => [
    flatten({ inputShape: [height, width, 1] }),
    dense({ units: 3, activation: 'softmax' }),
  ];

  it('keeps its preprocessing', async () => {
    const kept = preprocessing({ standardise: { mean: 0.1, deviation: 0.3 }, filters: [filters.blur()] });
    const model = sequential(layers(), { device: held.device, preprocessing: kept });
    const copy = Model.fromJson(JSON.parse(JSON.stringify(model.toJson())), { device: held.device });
    expect(copy.preprocessing).toEqual(kept);
    copy.setWeights(await model.weights());
    expect(await copy.predict(images)).toEqual(await model.predict(images));
    const plain = sequential(layers(), { device: held.device });
    plain.setWeights(await model.weights());
    expect(await plain.predict(images)).not.toEqual(await model.predict(images));
  });

  it('refuses variants that would all be the same', async () => {
    const model = sequential(layers(), { device: held.device });
    model.compile({ optimizer: sgd(), loss: 'sparseCategoricalCrossentropy' });
    await expect(model.fit(images, { variantsPerImage: 2 })).rejects.toThrowErrorMatchingInlineSnapshot(
      `[UsageError: fit: variantsPerImage is 2, but without augmentation all variants are the same.]`,
    );
  });
});
