/**
 * Pools without a device:
 *   the number of windows with ceilMode is PyTorch's, of ops and of layers: the last window begins in the image
 *   with padding 'same' it changes nothing
 *   a layer's description has ceilMode only if it is true, and is read again
 */
import { expect, it, test } from 'vitest';
import { Trace } from '../../src/engine/trace.js';
import { avgPool2d, maxPool2d } from '../../src/kernels/index.js';
import { layerClasses } from '../../src/nn/layers/class_names.js';
import { averagePooling2d, maxPooling2d } from '../../src/nn/layers/index.js';
import { layerFromConfig, registerLayers } from '../../src/nn/layers/registry.js';

registerLayers(layerClasses);

test.each([
  [8, 3, 2, 4],
  [6, 2, 2, 3],
  [7, 2, 3, 3],
  [5, 2, 3, 2],
  // The third window would begin beyond the image.
  [5, 1, 3, 2],
  [4, 4, 1, 1],
])('%i pixels in windows of %i, %i apart, are %i with ceilMode', (size, extent, stride, windows) => {
  const options = { poolSize: [extent, 1], strides: [stride, 1], ceilMode: true } as const;
  for (const pool of [maxPool2d, avgPool2d]) {
    const trace = new Trace();
    const x = trace.input({ shape: [2, size, 3, 5], dtype: 'f32' });
    expect(trace.record(() => pool(x, options)).shape).toEqual([2, windows, 3, 5]);
  }
  for (const layer of [maxPooling2d, averagePooling2d])
    expect(layer(options).outputShape([[size, 3, 5]])).toEqual([windows, 3, 5]);
});

it("padding 'same' leaves no pixels out, so ceilMode changes nothing", () => {
  const options = { poolSize: [3, 2], strides: [2, 3], padding: 'same' } as const;
  const attributes = [true, false].map((ceilMode) => {
    const trace = new Trace();
    const x = trace.input({ shape: [1, 6, 7, 1], dtype: 'f32' });
    trace.record(() => maxPool2d(x, { ...options, ceilMode }));
    return (trace.tape[0] as { readonly attributes: object }).attributes;
  });
  expect(attributes[0]).toEqual(attributes[1]);
});

it('a layer is described with ceilMode only if it is true', () => {
  const { config } = averagePooling2d({ poolSize: 3, strides: 2, ceilMode: true });
  expect(config).toEqual({ poolSize: [3, 3], strides: [2, 2], padding: 'valid', ceilMode: true });
  expect(layerFromConfig('AveragePooling2D', config).outputShape([[8, 8, 1]])).toEqual([4, 4, 1]);
  expect(Object.keys(maxPooling2d({ ceilMode: false }).config)).toEqual(['poolSize', 'strides', 'padding']);
});

it('what is not true or false, and windows larger than the image, are refused', () => {
  expect(() => maxPooling2d({ ceilMode: 1 as never })).toThrow(
    'layers.maxPooling2d: ceilMode is 1, expected true or false.',
  );
  expect(() => maxPooling2d({ poolSize: 5, ceilMode: true }).outputShape([[4, 4, 1]])).toThrow(
    'layers.maxPooling2d: the window 5×5 exceeds the input of 4×4 pixels',
  );
});
