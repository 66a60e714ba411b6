/**
 * The page's model without a device (web/worker/cpu_model.ts), by hand:
 *   softmax of the logits of scaled bytes; other weights give other probabilities
 *   filters are applied to 0 … 1, before standardisation
 *   every activation that layers accept, every convolution, and layers that move and resize values
 *   missing weights, and weights of another size, are rejected by name
 * test/device/predicting.test.ts compares it with the device, for every kind of layer.
 */
import { expect, it } from 'vitest';
import * as named from '../../src/kernels/activations.js';
import { type ActivationName, registerActivations } from '../../src/nn/layers/activation_registry.js';
import {
  activation,
  concatenate,
  conv2d,
  conv2dTranspose,
  cropping2d,
  dense,
  depthwiseConv2d,
  flatten,
  globalAveragePooling2d,
  globalMaxPooling2d,
  groupNormalization,
  instanceNormalization,
  layerNormalization,
  permute,
  repeatVector,
  reshape,
  resizing,
  rmsNormalization,
  separableConv2d,
  unitNormalization,
  upSampling2d,
  zeroPadding2d,
} from '../../src/nn/layers/index.js';
import { input } from '../../src/nn/layers/input.js';
import { model, sequential } from '../../src/nn/model.js';
import { filters, preprocessing } from '../../src/nn/samples/preprocessing.js';
import { CpuModel } from '../../web/worker/cpu_model.js';

const weights = (kernel: readonly number[], bias: readonly number[]) =>
  new Map([
    ['dense/kernel', Float32Array.from(kernel)],
    ['dense/bias', Float32Array.from(bias)],
  ]);

const twoPixels = [flatten({ inputShape: [1, 2, 1] }), dense({ units: 2 })];

it('predicts with the weights that were set last', () => {
  const cpuModel = new CpuModel(sequential([...twoPixels, activation({ activation: 'softmax' })]));
  // Pixels 0 and 1: logits (0, ln 3), so probabilities 1/4 and 3/4.
  cpuModel.setWeights(weights([0, 0, 0, Math.log(3)], [0, 0]));
  const [quarter, threeQuarters] = cpuModel.predict(Uint8Array.of(0, 255));
  expect(quarter).toBeCloseTo(0.25, 7);
  expect(threeQuarters).toBeCloseTo(0.75, 7);
  cpuModel.setWeights(weights([0, 0, 0, 0], [0, 0]));
  expect([...cpuModel.predict(Uint8Array.of(0, 255))]).toEqual([0.5, 0.5]);
});

// As the page does with the first file that names one.
registerActivations(named);

it.each(['linear', ...Object.keys(named)] as ActivationName[])('computes %s', (name) => {
  const cpuModel = new CpuModel(sequential([...twoPixels, activation({ activation: name })]));
  cpuModel.setWeights(weights([1, 0, 0, 1], [0, 0]));
  const answers = cpuModel.predict(Uint8Array.of(0, 255));
  expect(answers.every((value) => Number.isFinite(value) && value < 1.32)).toBe(true);
});

it('computes all convolutions', () => {
  const net = sequential([
    separableConv2d({ filters: 1, kernelSize: 1, inputShape: [1, 2, 1] }),
    depthwiseConv2d({ kernelSize: 1, dilationRate: 2 }),
    conv2d({ filters: 2, kernelSize: 1, dilationRate: 2 }),
    conv2dTranspose({ filters: 1, kernelSize: 1 }),
    flatten(),
  ]);
  const cpuModel = new CpuModel(net);
  cpuModel.setWeights(
    new Map(
      net.network.parameters.map(({ path, shape: [...shape] }) => {
        const size = shape.reduce((product, extent) => product * extent, 1);
        return [path, new Float32Array(size).fill(path.endsWith('bias') ? 1 : 2)];
      }),
    ),
  );
  // Pixels 0 and 1: 4x + 1, 2x + 1, twice 2x + 1, and their sum times 2, plus 1.
  expect([...cpuModel.predict(Uint8Array.of(0, 255))]).toEqual([29, 93]);
});

it('moves and resizes values', () => {
  const x = input({ shape: [1, 2, 1] });
  const padded = zeroPadding2d({ padding: [0, 1] }).apply(x);
  const doubled = upSampling2d({ size: [1, 2] }).apply(cropping2d({ cropping: [0, 1] }).apply(padded));
  const turned = reshape({ targetShape: [2, 2] }).apply(permute({ dims: [3, 2, 1] }).apply(doubled));
  const repeated = flatten().apply(repeatVector({ n: 2 }).apply(flatten().apply(turned)));
  const small = flatten().apply(resizing({ height: 1, width: 1 }).apply(padded));
  const outputs = concatenate().apply([repeated, small]);
  const cpuModel = new CpuModel(model({ inputs: x, outputs }));
  cpuModel.setWeights(new Map());
  // The pixels 1 and 0: padded 0 1 0 0, whose middle is ½.
  expect([...cpuModel.predict(Uint8Array.of(255, 0))]).toEqual([1, 1, 0, 0, 1, 1, 0, 0, 0.5]);
});

it('computes the normalisations of samples and global pooling', () => {
  const x = input({ shape: [1, 2, 1] });
  const isPlain = { center: false, scale: false };
  const maps = unitNormalization({ axis: [1, 2] }).apply(instanceNormalization(isPlain).apply(x));
  const whole = layerNormalization({ axis: [1, 2, 3], ...isPlain }).apply(maps);
  const scaled = rmsNormalization({ axis: [2, 3] }).apply(
    groupNormalization({ groups: 1, ...isPlain }).apply(whole),
  );
  const outputs = concatenate().apply([
    globalMaxPooling2d().apply(scaled),
    globalAveragePooling2d().apply(scaled),
  ]);
  const cpuModel = new CpuModel(model({ inputs: x, outputs }));
  const { path } = model({ inputs: x, outputs }).network.parameters[0]!;
  cpuModel.setWeights(new Map([[path, Float32Array.of(2, 4)]]));
  // The pixels 1 and 0 become ±1, scaled by 2 and 4.
  const [largest, mean] = cpuModel.predict(Uint8Array.of(255, 0));
  expect(largest).toBeCloseTo(2, 5);
  expect(mean).toBeCloseTo(-1, 5);
});

it('filters images of 0 … 1 and standardises them afterwards', () => {
  const model = sequential([...twoPixels], {
    preprocessing: preprocessing({
      standardise: { mean: 0.5, deviation: 0.25 },
      filters: [filters.sharpen()],
    }),
  });
  const cpuModel = new CpuModel(model);
  cpuModel.setWeights(weights([1, 0, 0, 1], [0, 0]));
  // Sharpening: 5 times the pixel less its neighbours, here 5·0 − 1 and 5·1 − 0; then (x − ½) / ¼.
  for (const [i, value] of cpuModel.predict(Uint8Array.of(0, 255)).entries())
    expect(value).toBeCloseTo([-6, 18][i]!, 5);
});

it.each([
  ['is missing', new Map([['dense/kernel', new Float32Array(4)]]), "'dense/bias' has no values, expected 2"],
  ['has another size', weights([1, 2], [0, 0]), "'dense/kernel' has 2 values, expected 4"],
])('refuses a weight that %s', (_, given, message) => {
  const cpuModel = new CpuModel(sequential(twoPixels));
  expect(() => cpuModel.setWeights(given)).toThrow(`CPU model: ${message}.`);
});
