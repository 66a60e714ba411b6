// Plan: the training images of a report and of TensorBoard, on a set of two small images: originals beside their
// variants, the same draws for the same seed and epoch, filters and grey or RGB kept, all device memory given back.
import { expect, test } from 'vitest';
import { augmentedSamples } from '../../src/cli/augmented_samples.js';
import { ImageSet } from '../../src/data/dataset.js';
import { DataError } from '../../src/errors.js';
import { filters } from '../../src/nn/samples/preprocessing.js';
import { useDevice } from '../device/device.js';

const held = useDevice();

function twoImages(channels: number): ImageSet {
  const images = Uint8Array.from({ length: 2 * 25 * channels }, (_, i) => (i * 37) % 256);
  const labels = Uint8Array.of(0, 1);
  return new ImageSet({ images, labels, height: 5, width: 5, channels, classNames: ['a', 'b'] });
}

test.each([1, 3] as const)('originals beside their variants, %i channels', async (channels) => {
  const images = twoImages(channels);
  const nothing = { filters: [] };
  const { recipe, rows } = await augmentedSamples(images, nothing, {}, { seed: 1, variants: 2 });
  expect(recipe).toBe('nothing');
  const original = { data: images.image(0), height: 5, width: 5, channels };
  // Without augmentation a variant is the image itself.
  expect(rows[0]).toEqual({ original, variants: [original, original] });
  expect(rows[1]!.original.data).toEqual(images.image(1));
});

test('the variants of an epoch are drawn by seed and epoch alone', async () => {
  const draw = async (firstEpoch: number, variants: number) => {
    const options = { seed: 3, firstEpoch, variants };
    const { rows } = await augmentedSamples(twoImages(1), { filters: [] }, { rotation: 90 }, options);
    return rows.map((row) => row.variants);
  };
  const both = await draw(4, 2);
  expect(both[0]![0]).not.toEqual(both[0]![1]);
  expect((await draw(5, 1)).map(([only]) => only)).toEqual(both.map(([, second]) => second));
});

test('filters come before augmentation, and all memory is given back', async () => {
  const images = twoImages(1);
  const options = { seed: 1, variants: 1 };
  const { device } = held;
  const plain = await augmentedSamples(images, { filters: [] }, {}, options);
  const both = { filters: [filters.blur(), filters.sharpen()] };
  await augmentedSamples(images, both, {}, options);
  device.trim();
  const before = device.allocatedBytes;
  const found = await augmentedSamples(images, both, {}, options);
  device.trim();
  expect(device.allocatedBytes).toBeLessThanOrEqual(before);
  expect(found.rows[0]!.variants).not.toEqual(plain.rows[0]!.variants);
});

test('images that are neither grey nor RGB', async () => {
  const seen = augmentedSamples(twoImages(2), { filters: [] }, {}, { seed: 1 });
  await expect(seen).rejects.toThrow(DataError);
});
