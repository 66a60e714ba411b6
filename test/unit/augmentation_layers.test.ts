/**
 * Layers that change images in training, in float64: values by hand and by a sampler of this file, what is drawn, saved
 * descriptions, refusals.
 */
import { describe, expect, it } from 'vitest';
import { stateOf } from '../../src/check/draws.js';
import { layers } from '../../src/index.js';
import { layerClasses } from '../../src/nn/layers/class_names.js';
import type { Layer } from '../../src/nn/layers/layer.js';
import { layerFromConfig, registerLayers } from '../../src/nn/layers/registry.js';
import type { WarpOptions } from '../../src/nn/layers/warp.js';
import { fill64 } from '../../src/reference/array64.js';
import { layerValues } from './layer_values.js';

registerLayers(layerClasses);

const all: readonly Layer[] = [
  layers.randomBrightness({ factor: 0.3, valueRange: [0, 1] }),
  layers.randomContrast({ factor: 0.3, valueRange: [0, 1] }),
  layers.randomCrop({ height: 3, width: 4 }),
  layers.randomErasing(),
  layers.randomErasing({ fillValue: 0.5, factor: 0.5, scale: [0.1, 0.2], aspect: 0.5 }),
  layers.randomFlip(),
  layers.randomFlip({ mode: 'horizontal' }),
  layers.randomRotation({ factor: 0.1 }),
  layers.randomRotation({ factor: [-0.2, 0.1], fillMode: 'wrap', interpolation: 'nearest' }),
  layers.randomTranslation({ heightFactor: 0.2, widthFactor: 0.3 }),
  layers.randomZoom({ heightFactor: 0.2 }),
  layers.randomZoom({ heightFactor: 0.2, widthFactor: [0, 0.5], fillMode: 'constant', fillValue: 1 }),
];

const shape = (count: number) => [count, 5, 7, 2];
/** Images that are alike, with pixels that are not. */
const images = (count: number) => fill64(shape(count), (i) => Math.sin(1 + (i % 70)) / 2 + 0.5);
const inTraining = (layer: Layer, count: number, more: object = {}) =>
  layerValues(layer, [images(count)], { isTraining: true, ...more });

describe('each layer', () => {
  it.each(all.map((layer) => [layer.className, layer] as const))('%s', (className, layer) => {
    // Made again from what a file stores of it.
    const again = layerFromConfig(className, JSON.parse(JSON.stringify(layer.config)) as object);
    expect(again.config).toEqual(layer.config);

    const passed = layerValues(again, [images(2)]);
    expect(passed.shape.slice(1)).toEqual(again.outputShape([shape(2).slice(1)]));
    const isCropped = className === 'RandomCrop';
    expect(isCropped || passed.values.join() === images(2).values.join()).toBe(true);

    const whole = inTraining(again, 16, { state: stateOf({ seed: 3, step: 5, epochSize: 1000 }) });
    const size = whole.values.length / 16;
    const each = Array.from({ length: 16 }, (_, n) => whole.values.slice(n * size, (n + 1) * size).join());
    expect(new Set(each).size).toBeGreaterThan(1);
    // Other numbers in each step and layer, and those of the batch in its parts.
    for (const other of [
      { state: stateOf({ seed: 3, step: 6, epochSize: 1000 }) },
      { state: stateOf({ seed: 4, step: 5, epochSize: 1000 }) },
      { state: stateOf({ seed: 3, step: 5, epochSize: 1000 }), stream: 9 },
    ])
      expect(inTraining(again, 16, other).values).not.toEqual(whole.values);
    const part = inTraining(again, 4, {
      isMicroBatch: true,
      state: stateOf({ seed: 3, step: 5, batchStart: 100, cursor: 108, epochSize: 1000 }),
    });
    expect(part.values).toEqual(whole.values.subarray(8 * size, 12 * size));
    expect(() => again.outputShape([[5, 7]])).toThrow('expected [height,width,channels]');
  });
});

/** One 3 × 3 image of 1 … 9 after a layer whose random numbers have no room. */
const square = (layer: Layer): number[] =>
  [...layerValues(layer, [fill64([1, 3, 3, 1], (i) => i + 1)], { isTraining: true }).values].map(
    (value) => Math.round(value * 1e9) / 1e9,
  );

it('rotates counterclockwise by shares of a turn', () => {
  expect(square(layers.randomRotation({ factor: [0.25, 0.25] }))).toEqual([3, 6, 9, 2, 5, 8, 1, 4, 7]);
  expect(square(layers.randomRotation({ factor: [0.5, 0.5] }))).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1]);
});

it('moves down and to the right', () => {
  const by = (down: number, right: number, more: WarpOptions = {}) =>
    square(
      layers.randomTranslation({
        heightFactor: [down / 3, down / 3],
        widthFactor: [right / 3, right / 3],
        ...more,
      }),
    );
  expect(by(1, 0, { fillMode: 'constant' })).toEqual([0, 0, 0, 1, 2, 3, 4, 5, 6]);
  expect(by(1, 0, { fillMode: 'constant', fillValue: -1 })).toEqual([-1, -1, -1, 1, 2, 3, 4, 5, 6]);
  expect(by(0, 2, { fillMode: 'nearest' })).toEqual([1, 1, 1, 4, 4, 4, 7, 7, 7]);
  expect(by(0, 2, { fillMode: 'wrap' })).toEqual([2, 3, 1, 5, 6, 4, 8, 9, 7]);
  expect(by(0, 2)).toEqual([2, 1, 1, 5, 4, 4, 8, 7, 7]);
});

it('shows a larger part for positive zooms, and keeps the aspect unless told otherwise', () => {
  const options: WarpOptions = { fillMode: 'constant', interpolation: 'nearest' };
  const smaller = layers.randomZoom({ heightFactor: [1, 1], ...options });
  expect(square(smaller)).toEqual([0, 0, 0, 0, 5, 0, 0, 0, 0]);
  const lower = layers.randomZoom({ heightFactor: [1, 1], widthFactor: [0, 0], ...options });
  expect(square(lower)).toEqual([0, 0, 0, 4, 5, 6, 0, 0, 0]);
  expect(square(layers.randomZoom({ heightFactor: [-0.5, -0.5] }))[0]).toBe((1 + 2 + 4 + 5) / 4);
});

describe('pixels between others and outside the image', () => {
  const [H, W] = [5, 7];
  const pixel = (r: number, c: number) => Math.cos(3 * r + 7 * c);
  /** The index of the pixel that is at position i of a line of n, or undefined for the fill value. */
  const indexAt = (i: number, n: number, mode: string): number | undefined => {
    if (i >= 0 && i < n) return i;
    if (mode === 'constant') return undefined;
    if (mode === 'nearest') return i < 0 ? 0 : n - 1;
    if (mode === 'wrap') return ((i % n) + n) % n;
    const folded = ((i % (2 * n)) + 2 * n) % (2 * n);
    return folded < n ? folded : 2 * n - 1 - folded;
  };
  const at = (row: number, column: number, mode: string): number => {
    const [r, c] = [indexAt(row, H, mode), indexAt(column, W, mode)];
    return r === undefined || c === undefined ? 0.25 : pixel(r, c);
  };
  it.each(['reflect', 'wrap', 'nearest', 'constant'] as const)('%s', (fillMode) => {
    for (const [down, right] of [
      [0.37, -0.81],
      [-0.93, 0.11],
    ] as const) {
      const layer = layers.randomTranslation({
        heightFactor: [down, down],
        widthFactor: [right, right],
        fillMode,
        fillValue: 0.25,
      });
      const x = fill64([1, H, W, 1], (i) => pixel(Math.floor(i / W), i % W));
      const { values } = layerValues(layer, [x], { isTraining: true });
      for (let r = 0; r < H; r++)
        for (let c = 0; c < W; c++) {
          const [row, column] = [r - down * H, c - right * W];
          const [top, left] = [Math.floor(row), Math.floor(column)];
          const [v, h] = [row - top, column - left];
          const expected =
            (1 - v) * ((1 - h) * at(top, left, fillMode) + h * at(top, left + 1, fillMode)) +
            v * ((1 - h) * at(top + 1, left, fillMode) + h * at(top + 1, left + 1, fillMode));
          expect(values[r * W + c], `${r}, ${c}`).toBeCloseTo(expected, 9);
        }
    }
  });
});

it('adds a share of the range to the brightness, and stays in the range', () => {
  const changed = (factor: number) =>
    square(layers.randomBrightness({ factor: [factor, factor], valueRange: [0, 8] }));
  expect(changed(0.5)).toEqual([5, 6, 7, 8, 8, 8, 8, 8, 8]);
  expect(changed(-0.5)).toEqual([0, 0, 0, 0, 1, 2, 3, 4, 5]);
});

it('scales the distance from the mean of each channel', () => {
  const layer = layers.randomContrast({ factor: [0.5, 0.5], valueRange: [0, 100] });
  const x = fill64([1, 2, 2, 2], (i) => [10, 20, 30, 40, 50, 60, 70, 80][i]!);
  expect([...layerValues(layer, [x], { isTraining: true }).values]).toEqual([0, 5, 25, 35, 55, 65, 85, 95]);
});

it('mirrors half of the images along each axis', () => {
  const x = fill64([400, 2, 2, 1], (i) => i % 4);
  const { values } = layerValues(layers.randomFlip(), [x], { isTraining: true });
  const counts = new Map<string, number>();
  for (let n = 0; n < 400; n++) {
    const image = values.slice(4 * n, 4 * n + 4).join();
    counts.set(image, (counts.get(image) ?? 0) + 1);
  }
  expect([...counts.keys()].sort()).toEqual(['0,1,2,3', '1,0,3,2', '2,3,0,1', '3,2,1,0']);
  for (const count of counts.values()) expect(Math.abs(count - 100)).toBeLessThan(35);
});

it('crops at every place in training, and at the centre otherwise', () => {
  const x = fill64([300, 3, 4, 1], (i) => i % 12);
  const layer = layers.randomCrop({ height: 2, width: 2 });
  const { values } = layerValues(layer, [x], { isTraining: true });
  const seen = new Set<number>();
  for (let n = 0; n < 300; n++) {
    const first = values[4 * n]!;
    seen.add(first);
    expect(Array.from(values.slice(4 * n, 4 * n + 4))).toEqual([first, first + 1, first + 4, first + 5]);
  }
  expect([...seen].sort((a, b) => a - b)).toEqual([0, 1, 2, 4, 5, 6]);
  expect(Array.from(layerValues(layer, [x]).values.slice(0, 4))).toEqual([1, 2, 5, 6]);
  expect(() => layer.outputShape([[1, 4, 1]])).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: layers.randomCrop: the input is [1,4,1] per sample, smaller than 2 × 2.]`,
  );
});

it('erases one rectangle of the given area in the given share of images', () => {
  const [N, H, W] = [400, 20, 20];
  const layer = layers.randomErasing({ factor: 0.75, scale: [0.1, 0.3], fillValue: 0 });
  const { values } = layerValues(layer, [fill64([N, H, W, 1], () => 1)], { isTraining: true });
  let erased = 0;
  for (let n = 0; n < N; n++) {
    const places = Array.from({ length: H * W }, (_, i) => i).filter((i) => values[n * H * W + i] === 0);
    if (places.length === 0) continue;
    erased++;
    const rows = places.map((i) => Math.floor(i / W));
    const columns = places.map((i) => i % W);
    const height = Math.max(...rows) - Math.min(...rows) + 1;
    const width = Math.max(...columns) - Math.min(...columns) + 1;
    expect(height * width).toBe(places.length);
    expect(places.length).toBeGreaterThan(0.08 * H * W);
    expect(places.length).toBeLessThan(0.33 * H * W);
  }
  expect(Math.abs(erased / N - 0.75)).toBeLessThan(0.08);
  const noise = layers.randomErasing({ scale: [1, 1], aspect: 1 });
  const drawn = layerValues(noise, [fill64([20, 10, 10, 1], () => 7)], { isTraining: true }).values;
  const mean = drawn.reduce((sum, value) => sum + value, 0) / drawn.length;
  expect(Math.abs(mean)).toBeLessThan(0.1);
  expect(Math.abs(drawn.reduce((sum, value) => sum + value ** 2, 0) / drawn.length - 1)).toBeLessThan(0.1);
});

it('refuses', () => {
  const calls: (() => unknown)[] = [
    () => layers.randomRotation({} as never),
    () => layers.randomRotation({ factor: -0.1 }),
    () => layers.randomRotation({ factor: [0.2, 0.1] }),
    () => layers.randomZoom({ heightFactor: [-1, 0] }),
    () => layers.randomTranslation({ heightFactor: 0.1 } as never),
    () => layers.randomFlip({ mode: 'horizontal_and_vertical' as never }),
    () => layers.randomBrightness({ factor: 0.1 } as never),
    () => layers.randomContrast({ factor: 0.1, valueRange: [1, 0] }),
    () => layers.randomErasing({ scale: [0.5, 0.2] }),
    () => layers.randomRotation({ factor: 0.1, seed: 1 } as never),
  ];
  const messages = calls.map((call) => {
    try {
      return String(call());
    } catch (error) {
      return String(error);
    }
  });
  expect(messages.join('\n')).toMatchInlineSnapshot(`
    "UsageError: layers.randomRotation: factor is missing, expected a number from 0 to 1 or [lower, upper] with -1 ≤ lower ≤ upper ≤ 1.
    UsageError: layers.randomRotation: factor is -0.1, expected a number from 0 to 1 or [lower, upper] with -1 ≤ lower ≤ upper ≤ 1.
    UsageError: layers.randomRotation: factor is [0.2,0.1], expected a number from 0 to 1 or [lower, upper] with -1 ≤ lower ≤ upper ≤ 1.
    UsageError: layers.randomZoom: heightFactor is [-1,0], expected a number from 0 to 0.99 or [lower, upper] with -0.99 ≤ lower ≤ upper ≤ 10.
    UsageError: layers.randomTranslation: widthFactor is missing, expected a number from 0 to 1 or [lower, upper] with -1 ≤ lower ≤ upper ≤ 1.
    UsageError: layers.randomFlip: mode is 'horizontal_and_vertical', expected one of horizontal, vertical, horizontalAndVertical.
    UsageError: layers.randomBrightness: valueRange is missing, expected [black, white], such as [0, 1].
    UsageError: layers.randomContrast: valueRange is [1,0], expected [black, white], such as [0, 1].
    UsageError: layers.randomErasing: scale is [0.5,0.2], expected two numbers, 0 ≤ low ≤ high ≤ 1.
    UsageError: layers.randomRotation: 'seed' is not an option; pass 'seed' to fit; it and the place of a layer decide its random numbers; expected one of factor, fillMode, fillValue, interpolation, name, inputShape, trainable, activityRegularizer."
  `);
});
