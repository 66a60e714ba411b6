/**
 * Layers made again from files: a class is known once it is registered, also one of the caller's own; names that every
 * object has are no classes.
 */
import { expect, test } from 'vitest';
import { ModelError } from '../../src/errors.js';
import { dense } from '../../src/nn/layers/dense.js';
import { layerFromConfig, registerLayers } from '../../src/nn/layers/registry.js';

test('a class is known once it is registered', () => {
  expect(() => layerFromConfig('Dense', { units: 3 })).toThrow(ModelError);
  registerLayers({ Dense: dense });
  expect(layerFromConfig('Dense', { units: 3 }).config).toMatchObject({ units: 3 });
});

test("a class of the caller's own", () => {
  registerLayers({
    Wide: ({ times }: { times: number }) => ({ ...dense({ units: 8 * times }), className: 'Wide' }),
  });
  expect(layerFromConfig('Wide', { times: 2 })).toMatchObject({ className: 'Wide', config: { units: 16 } });
});

test('others are refused', () => {
  for (const name of ['Lambda', 'constructor', ''])
    expect(() => layerFromConfig(name, {})).toThrow(ModelError);
  expect(() => layerFromConfig('Lambda', {})).toThrowErrorMatchingInlineSnapshot(
    `[ModelError: model: layer class 'Lambda' is unknown, expected one of Dense, Wide.]`,
  );
});
