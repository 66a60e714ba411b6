/**
 * Layers on the page (web/worker/layers.ts): those of the built-in models are known from the start; a file that names
 * another one has all of them loaded; a damaged description loads none, and a class that does not exist is no error here.
 */
import { expect, test } from 'vitest';
import { isRegistered, layerFromConfig } from '../../src/nn/layers/registry.js';
import { loadLayers } from '../../web/worker/layers.js';

const load = async (model: unknown): Promise<void> =>
  loadLayers({ tensors: new Map(), metadata: { model: JSON.stringify(model) } }, 'a file');
const layersOf = (...classNames: unknown[]) => ({ layers: classNames.map((className) => ({ className })) });

// In this order: what is loaded stays.
test('a file of built-in layers, or a damaged one, loads no others', async () => {
  for (const model of [layersOf('Conv2D', 'Dense', 'Dropout', 'Flatten', 'MaxPooling2D'), layersOf(7), null])
    await load(model);
  await load({ layers: [null, 'Dense'] });
  expect(isRegistered('Dense')).toBe(true);
  expect(isRegistered('BatchNormalization')).toBe(false);
});

test('a file of a convolution with groups loads the layer that has them', async () => {
  const layer = { filters: 4, kernelSize: [3, 3], groups: 2 };
  expect(() => layerFromConfig('Conv2D', layer)).toThrow("'groups' is not an option");
  await load({ layers: [{ className: 'Conv2D', config: layer }] });
  expect(layerFromConfig('Conv2D', layer).config).toMatchObject(layer);
});

test('a file that names another layer loads it', async () => {
  await load(layersOf('Dense', 'BatchNormalization'));
  expect(isRegistered('BatchNormalization')).toBe(true);
});

test('a class that does not exist is left to the model to refuse', async () => {
  await load(layersOf('Lambda'));
  expect(isRegistered('Lambda')).toBe(false);
});
