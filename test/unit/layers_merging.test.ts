/**
 * Layers that merge several inputs, in float64: values, aligned axes, the sum of more than two, what does not fit; the scalar
 * product; layers that scale or pass on their input. All come back from a file with their options.
 */
import { expect, it, test } from 'vitest';
import {
  activityRegularization,
  add,
  alphaDropout,
  average,
  dot,
  flatten,
  gaussianDropout,
  gaussianNoise,
  identity,
  maximum,
  minimum,
  multiply,
  rescaling,
  spatialDropout2d,
  subtract,
} from '../../src/nn/layers/index.js';
import { layerClasses } from '../../src/nn/layers/class_names.js';
import { input } from '../../src/nn/layers/input.js';
import type { Layer } from '../../src/nn/layers/layer.js';
import { registerLayers } from '../../src/nn/layers/registry.js';
import { Model, model } from '../../src/nn/model.js';
import { array64 } from '../../src/reference/array64.js';
import { layerValues } from './layer_values.js';

registerLayers(layerClasses);

const a = array64([2, 2], [1, 2, 3, 4]);
const b = array64([2, 2], [10, 20, 30, 50]);
const mixed = array64([2, 2], [5, 6, -3, 60]);
const c = array64([2, 2], [100, 200, 300, 400]);

it.each<[string, Layer, (typeof a)[], number[]]>([
  ['add', add(), [a, b, c], [111, 222, 333, 454]],
  ['subtract', subtract(), [a, b], [-9, -18, -27, -46]],
  ['multiply', multiply(), [a, b, a], [10, 80, 270, 800]],
  ['average', average(), [a, b, c], [37, 74, 111, 454 / 3]],
  ['maximum', maximum(), [a, b, mixed], [10, 20, 30, 60]],
  ['minimum', minimum(), [a, b, mixed], [1, 2, -3, 4]],
  ['dot', dot(), [a, b], [50, 290]],
  ['identity', identity(), [a], [1, 2, 3, 4]],
  ['rescaling', rescaling({ scale: 2, offset: -1 }), [a], [1, 3, 5, 7]],
  ['rescaling by channel', rescaling({ scale: [2, 3], offset: [-1, 0.5] }), [a], [1, 6.5, 5, 12.5]],
  ['rescaling with one offset', rescaling({ scale: [2, 3], offset: 1 }), [a], [3, 7, 7, 13]],
])('%s', (_, layer, inputs, expected) => {
  const { values } = layerValues(layer, inputs);
  expect(values.length).toBe(expected.length);
  values.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 12));
});

it('the cosine of the angle', () => {
  const { shape, values } = layerValues(dot({ normalize: true }), [a, b]);
  expect(shape).toEqual([2, 1]);
  expect(values[0]).toBeCloseTo(1, 12);
  expect(values[1]).toBeCloseTo(290 / (5 * Math.hypot(30, 50)), 12);
});

it('axes are aligned from the last one, behind the batch', () => {
  const image = array64([2, 1, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8]);
  const gate = array64([2, 2], [1, 10, 100, 1000]);
  const { shape, values } = layerValues(multiply(), [image, gate]);
  expect([shape, [...values]]).toEqual([
    [2, 1, 2, 2],
    [1, 20, 3, 40, 500, 6000, 700, 8000],
  ]);
  const [x, y] = [input({ shape: [4, 1, 3] }), input({ shape: [5, 1] })];
  expect(add().apply([x, y]).shape).toEqual([4, 5, 3]);
});

test('inputs that do not fit are refused', () => {
  const [x, y, wide] = [input({ shape: [3] }), input({ shape: [3] }), input({ shape: [2, 4] })];
  const told = [
    () => multiply().apply([x, wide]),
    () => subtract().apply([x, y, x]),
    () => subtract().apply(x),
    () => dot().apply([x, wide]),
    () => dot().apply([wide, wide]),
    () => dot().apply(x),
    () => spatialDropout2d({ rate: 0.5 }).apply(x),
  ].map((call) => {
    try {
      call();
      return 'NOT REFUSED';
    } catch (error) {
      return String(error);
    }
  });
  expect(told.join('\n')).toMatchInlineSnapshot(`
    "ShapeError: layers.multiply: the inputs are [3] and [2,4] per sample, expected equal extents, or 1.
    ShapeError: layers.subtract: 3 inputs were given, expected 2.
    ShapeError: layers.subtract: 1 inputs were given, expected 2.
    ShapeError: layers.dot: the inputs are [3] and [2,4] per sample, expected two of one axis and equal extents; put layers.flatten() before them.
    ShapeError: layers.dot: the inputs are [2,4] and [2,4] per sample, expected two of one axis and equal extents; put layers.flatten() before them.
    ShapeError: layers.dot: the inputs are [3] per sample, expected two of one axis and equal extents; put layers.flatten() before them.
    ShapeError: layers.spatialDropout2d: the input is [3] per sample, expected [height,width,channels]."
  `);
});

test('files have their options', () => {
  const x = input({ shape: [2, 2, 1] });
  const noisy = [
    gaussianNoise({ stddev: 0.25 }),
    gaussianDropout({ rate: 0.125 }),
    spatialDropout2d({ rate: 0.5 }),
    alphaDropout({ rate: 0.75 }),
    rescaling({ scale: 0.5, offset: 1 }),
    identity(),
    activityRegularization({ l1: 0.5, l2: 0.25 }),
  ].reduce((value, layer) => layer.apply(value), x);
  const merged = multiply().apply([x, average().apply([x, subtract().apply([x, noisy])])]);
  const extreme = minimum().apply([x, maximum().apply([x, merged])]);
  const flat = flatten();
  const made = model({
    inputs: x,
    outputs: dot({ normalize: true }).apply([flat.apply(x), flat.apply(extreme)]),
  });
  const json = JSON.parse(JSON.stringify(made.toJson())) as object;
  const again = Model.fromJson(json);
  expect(again.toJson()).toEqual(json);
  expect(again.layers.map(({ layer: { className, config } }) => ({ className, ...config }))).toEqual(
    made.layers.map(({ layer: { className, config } }) => ({ className, ...config })),
  );
  expect(again.layers.length).toBe(15);
});
