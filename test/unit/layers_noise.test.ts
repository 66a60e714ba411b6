/**
 * Layers of noise, in float64: mean and variance, the same numbers for the whole batch and its parts, the identity outside
 * training; what a plan stores of their numbers.
 */
import { describe, expect, it } from 'vitest';
import { stateOf } from '../../src/check/draws.js';
import {
  alphaDropout,
  conv2d,
  dense,
  dropout,
  flatten,
  gaussianDropout,
  gaussianNoise,
  spatialDropout2d,
} from '../../src/nn/layers/index.js';
import type { Layer } from '../../src/nn/layers/layer.js';
import { sequential } from '../../src/nn/model.js';
import { sgd } from '../../src/nn/optimizers/index.js';
import { type Array64, array64, fill64 } from '../../src/reference/array64.js';
import { hollowDevice } from './fake_device.js';
import { layerValues } from './layer_values.js';
import { plannedStep } from './planned_step.js';

const training = { isTraining: true };
const [N, H, W, C] = [40, 5, 5, 4];
const image = (value: (i: number) => number): Array64 => fill64([N, H, W, C], value);

function moments(values: Float64Array): { mean: number; variance: number } {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  return { mean, variance: values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length };
}

const layers: [string, Layer][] = [
  ['gaussianNoise', gaussianNoise({ stddev: 0.5 })],
  ['gaussianDropout', gaussianDropout({ rate: 0.2 })],
  ['spatialDropout2d', spatialDropout2d({ rate: 0.25 })],
  ['alphaDropout', alphaDropout({ rate: 0.25 })],
];

describe.each(layers)('%s', (_, layer) => {
  it('is the identity outside training', () => {
    const x = image((i) => i);
    expect(layerValues(layer, [x]).values).toEqual(x.values);
  });

  it('draws other numbers in each step and layer, and those of the batch in its parts', () => {
    const x = image(() => 1);
    const at = (step: number, stream = 0) =>
      layerValues(layer, [x], { ...training, stream, state: stateOf({ seed: 3, step, epochSize: 1000 }) })
        .values;
    const whole = at(5);
    expect(at(5)).toEqual(whole);
    expect(at(6)).not.toEqual(whole);
    expect(at(5, 1)).not.toEqual(whole);
    const part = layerValues(layer, [fill64([8, H, W, C], () => 1)], {
      ...training,
      isMicroBatch: true,
      state: stateOf({ seed: 3, step: 5, batchStart: 100, cursor: 116, epochSize: 1000 }),
    });
    expect(part.values).toEqual(whole.subarray(16 * H * W * C, 24 * H * W * C));
  });
});

it('noise has the standard deviation that was asked for', () => {
  const { mean, variance } = moments(
    layerValues(gaussianNoise({ stddev: 0.5 }), [image(() => 2)], training).values,
  );
  expect(Math.abs(mean - 2)).toBeLessThan(0.03);
  expect(Math.abs(variance - 0.25)).toBeLessThan(0.02);
});

it('multiplicative noise has the mean and variance of dropout', () => {
  const { mean, variance } = moments(
    layerValues(gaussianDropout({ rate: 0.2 }), [image(() => 3)], training).values,
  );
  expect(Math.abs(mean - 3)).toBeLessThan(0.1);
  expect(Math.abs(variance - (9 * 0.2) / 0.8)).toBeLessThan(0.2);
});

it.each([
  ['spatialDropout2d', spatialDropout2d({ rate: 0.25 })],
  ['a mask of channels', dropout({ rate: 0.25, noiseShape: [1, 1, C] })],
])('whole channels are dropped, the others are scaled: %s', (_, layer) => {
  const { values } = layerValues(layer, [image((i) => i + 1)], training);
  let dropped = 0;
  for (let n = 0; n < N; n++)
    for (let c = 0; c < C; c++) {
      const factors = Array.from({ length: H * W }, (_, p) => {
        const i = (n * H * W + p) * C + c;
        return values[i]! / (i + 1);
      });
      const expected = factors[0] === 0 ? 0 : 4 / 3;
      for (const factor of factors) expect(factor).toBeCloseTo(expected, 12);
      dropped += factors[0] === 0 ? 1 : 0;
    }
  expect(Math.abs(dropped / (N * C) - 0.25)).toBeLessThan(0.1);
});

it('a mask that does not fit is refused', () => {
  const layer = dropout({ rate: 0.5, noiseShape: [1, 2] });
  expect(() => layer.outputShape([[3, 4]])).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: layers.dropout: noiseShape is [1,2], expected the extents of the input, [3,4] per sample, or 1.]`,
  );
});

it('alpha dropout keeps mean 0 and variance 1', () => {
  const noise = layerValues(gaussianNoise({ stddev: 1 }), [image(() => 0)], training);
  const { values } = layerValues(alphaDropout({ rate: 0.25 }), [noise], { ...training, stream: 7 });
  const { mean, variance } = moments(values);
  expect(Math.abs(mean)).toBeLessThan(0.06);
  expect(Math.abs(variance - 1)).toBeLessThan(0.08);
  // Dropped values are all a·α′ + b.
  const dropped = layerValues(alphaDropout({ rate: 0.5 }), [array64([1, 64], Array(64).fill(1e9))], training);
  const a = 1 / Math.sqrt(0.5 * (1 + 0.5 * 1.7580993408473766 ** 2));
  const low = dropped.values.filter((value) => value < 1e6);
  expect(low.length).toBeGreaterThan(10);
  for (const value of low) expect(value).toBeCloseTo(-1.7580993408473766 * a * 0.5, 6);
});

it('noise and masks are drawn in the kernels that use them, forwards and backwards', () => {
  const made = sequential(
    [
      conv2d({ filters: 4, kernelSize: 3, activation: 'relu', inputShape: [8, 8, 1] }),
      gaussianNoise({ stddev: 0.5 }),
      alphaDropout({ rate: 0.5 }),
      flatten(),
      dense({ units: 3, activation: 'softmax' }),
    ],
    { device: hollowDevice('gpu') },
  );
  made.compile({ optimizer: sgd(), loss: 'sparseCategoricalCrossentropy' });
  const labels = plannedStep(made).dispatches.map(({ label }) => label);
  expect(labels.filter((label) => /^(random_normal|dropout)/.test(label))).toEqual([]);
  expect(labels.filter((label) => label.includes('random_normal'))).toHaveLength(1);
});
