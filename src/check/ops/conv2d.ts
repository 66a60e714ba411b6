/**
 * Checks of conv2d.
 * Letters: N images of H × W pixels, C channels in, O out; kernel KH × KW; P × Q windows per image.
 */
import { conv2dOp } from '../../kernels/conv2d.js';
import { conv2d } from '../../kernels/grouped_conv2d.js';
import { reduceTo64 } from '../../reference/arithmetic.js';
import { type Array64, type Arrays, map64 } from '../../reference/array64.js';
import { conv2dReference } from '../../reference/conv2d.js';
import { type WindowAttributes, windowsOver } from '../../reference/window.js';
import { tolerance } from '../../rounding.js';
import { drawSigned, oneOf, wholeNumber } from '../draws.js';
import { channelsAstray } from '../non_finite.js';
import { type BenchShape, type Case, type Expected, opCheck } from '../op_check.js';
import { type WindowOptions, windowAttributes } from '../window.js';

type Options = WindowOptions & Readonly<Record<string, string | readonly number[]>>;
type Input = 'x' | 'kernel';

const same: Options = { strides: [1, 1], padding: 'same' };
const valid: Options = { strides: [1, 1], padding: 'valid' };

type ConvCase = Case<Input, 'y', Options>;

const strided = (down: number, across: number, padding: 'same' | 'valid'): Options => ({
  strides: [down, across],
  padding,
});

const tiles = (
  name: string,
  x: readonly number[],
  kernel: readonly number[],
  options: Options,
): ConvCase => ({ name, inputs: { x, kernel }, options, forTiles: true });

/** 3×3 windows whose number of outputs or of windows is just below, at and above the edges of tiles. */
const edges = (outputs: readonly number[], isThorough?: true): ConvCase[] =>
  outputs.map((O) => ({
    name: `edge O=${O}`,
    inputs: { x: [1, 5, 5, 4], kernel: [3, 3, 4, O] },
    options: valid,
    forTiles: true,
    ...(isThorough ? { isThorough } : {}),
  }));

/** A layer of ResNet-18 or -50 on images of 224×224; a CPU takes as many of them as it can process in seconds. */
const resnet = (
  name: string,
  x: readonly [N: number, ...number[]],
  kernel: readonly number[],
  options: Options,
): BenchShape<Input, Options> => {
  const [, ...image] = x;
  return { name, inputs: { x, kernel }, gpuInputs: { x: [64, ...image], kernel }, options };
};

/** One tap and one channel, so that huge results are cheap: only such shapes fill the tiles made for large GPUs. */
const big = (name: string, x: readonly number[], kernel: readonly number[]): ConvCase => ({
  name,
  inputs: { x, kernel },
  options: valid,
  forTiles: true,
  isThorough: true,
  isHuge: true,
});

export const conv2dCheck = opCheck<Input, 'y', Options, WindowAttributes>({
  op: conv2dOp,
  reference: conv2dReference,
  inputs: { x: { draw: drawSigned }, kernel: { draw: drawSigned } },
  outputs: ['y'],
  attributes: ({ x, kernel }, options) => windowAttributes(x, kernel, options),
  magnitudes: 'multilinear',
  // Fast kernels multiply the zeros around an image by weights and gradients, as PyTorch does when it lowers to a matmul.
  mayBeNaN: ({ kernel }, { y: dy }) => {
    const [, , C, O] = kernel.shape as [number, number, number, number];
    const outputs = channelsAstray(kernel, (index) => index % O);
    const inputs = channelsAstray(kernel, (index) => Math.floor(index / O) % C);
    const gradients = channelsAstray(dy, (index) => index % O);
    return {
      y: (index) => outputs.has(index % O),
      x: (index) => inputs.has(index % C),
      kernel: (index) => gradients.has(index % O),
    };
  },
  terms: ({ x, kernel }, options) => {
    const [N] = x as [number];
    const [KH, KW, C, O] = kernel as [number, number, number, number];
    const { P, Q } = windowsOver(x, kernel, windowAttributes(x, kernel, options));
    return { y: KH * KW * C, x: KH * KW * O, kernel: N * P * Q };
  },
  call: ({ x, kernel }, options) => ({ y: conv2d(x, kernel, options) }),
  primitives: {
    'conv2d/forward': ({ inputs, outputs, options }) => ({
      inputs,
      attributes: attributesOf(inputs, options),
      results: { y: outputs.y },
    }),
    'conv2d/input_gradient': ({ inputs, outputGradients, gradients, options }) => ({
      inputs: { dy: outputGradients.y, kernel: inputs.kernel },
      attributes: { ...attributesOf(inputs, options), inputShape: inputs.x.shape },
      results: { dx: gradients.x! },
    }),
    'conv2d/kernel_gradient': ({ inputs, outputGradients, gradients, options }) => ({
      inputs: { x: inputs.x, dy: outputGradients.y },
      attributes: { ...attributesOf(inputs, options), kernelShape: inputs.kernel.shape },
      results: { dkernel: gradients.kernel!, dbias: biasGradient(outputGradients.y) },
    }),
  },
  cases: [
    {
      name: 'by hand',
      inputs: { x: [1, 3, 3, 1], kernel: [2, 2, 1, 1] },
      options: valid,
      byHand: {
        inputs: { x: [1, 2, 3, 4, 5, 6, 7, 8, 9], kernel: [1, 2, 3, 4] },
        outputs: { y: [37, 47, 67, 77] },
        gradients: { x: [1, 3, 2, 4, 10, 6, 3, 7, 4], kernel: [12, 16, 24, 28] },
      },
    },
    { name: 'odd sizes', inputs: { x: [2, 7, 5, 3], kernel: [3, 2, 3, 5] }, options: valid },
    { name: 'one of everything', inputs: { x: [1, 1, 1, 1], kernel: [1, 1, 1, 1] }, options: valid },
    { name: 'window 1×1', inputs: { x: [3, 4, 5, 6], kernel: [1, 1, 6, 7] }, options: same },
    {
      name: 'same, stride 2: odd padding below and right',
      inputs: { x: [2, 6, 7, 3], kernel: [3, 3, 3, 4] },
      options: strided(2, 2, 'same'),
    },
    {
      name: 'same, window 4×5',
      inputs: { x: [2, 6, 7, 2], kernel: [4, 5, 2, 3] },
      options: same,
    },
    {
      name: 'strides differ',
      inputs: { x: [2, 9, 8, 2], kernel: [3, 4, 2, 5] },
      options: strided(3, 1, 'same'),
    },
    {
      name: 'stride 3 skips pixels',
      inputs: { x: [2, 9, 11, 4], kernel: [2, 2, 4, 8] },
      options: strided(3, 3, 'valid'),
    },
    {
      name: 'stride 2 over windows of 5',
      inputs: { x: [2, 11, 12, 1], kernel: [5, 5, 1, 8] },
      options: strided(2, 2, 'valid'),
    },
    {
      name: 'window larger than the image',
      inputs: { x: [1, 2, 3, 2], kernel: [5, 5, 2, 3] },
      options: same,
    },
    {
      name: 'rows that steps of pixels do not divide',
      inputs: { x: [1, 6, 7, 8], kernel: [3, 3, 8, 5] },
      options: valid,
    },
    tiles('first layer of paper, small', [2, 8, 8, 1], [5, 5, 1, 32], same),
    tiles('32 channels', [2, 8, 8, 32], [5, 5, 32, 32], same),
    { ...tiles('64 channels', [1, 7, 7, 64], [3, 3, 64, 64], same), isThorough: true },
    ...edges([31, 65]),
    ...edges([8, 16, 17, 33, 129], true),
    // Windows per batch: at and above the edges of tiles, with images that split rows.
    tiles('65 windows', [1, 5, 13, 3], [1, 1, 3, 9], valid),
    ...[
      tiles('64 windows', [4, 4, 4, 5], [3, 3, 5, 16], same),
      tiles('129 windows', [3, 1, 43, 3], [1, 3, 3, 8], same),
    ].map((each) => ({ ...each, isThorough: true as const })),
    // Results of 256 tiles of 128×128, cut at both edges; all smaller tiles take them too.
    big('fills large tiles, y', [8, 65, 63, 3], [1, 1, 3, 125]),
    big('fills large tiles, y, by vec4', [8, 64, 64, 4], [1, 1, 4, 128]),
    big('fills large tiles, dx', [8, 65, 63, 125], [1, 1, 125, 3]),
    big('fills large tiles, dx, by vec4', [8, 64, 64, 128], [1, 1, 128, 4]),
    big('fills large tiles, dkernel', [5, 1, 1, 2045], [1, 1, 2045, 2043]),
    big('fills tiles of 256×32, y and dx', [17, 65, 63, 2], [1, 1, 2, 31]),
    big('fills tiles of 96×64, dkernel', [4, 65, 63, 65], [1, 1, 65, 33]),
    big('fills tiles of 160×32, dkernel', [5, 65, 64, 130], [1, 1, 130, 9]),
    big('fills tiles of 64×16', [4, 65, 63, 2], [1, 2, 2, 15]),
  ],
  random: (random) => {
    const channels = (): number => oneOf<number>(random, [1, 2, 3, 4, 7, 8, 12, 16]);
    const [C, O] = [channels(), channels()];
    // Baseline kernels of many taps and channels take a software driver seconds to compile.
    const most = C * O > 32 ? 3 : 5;
    const window: [number, number] = [wholeNumber(random, 1, most), wholeNumber(random, 1, most)];
    const x = [wholeNumber(random, 1, 4), wholeNumber(random, 5, 12), wholeNumber(random, 5, 12), C];
    const strides: [number, number] = [wholeNumber(random, 1, 3), wholeNumber(random, 1, 3)];
    return {
      inputs: { x, kernel: [...window, C, O] },
      options: { strides, padding: oneOf(random, ['same', 'valid']) },
      ...(C * O > 32 ? { forTiles: true } : {}),
    };
  },
  bench: [
    { name: 'paper conv1', inputs: { x: [128, 28, 28, 1], kernel: [5, 5, 1, 32] }, options: same },
    { name: 'paper conv2', inputs: { x: [128, 28, 28, 32], kernel: [5, 5, 32, 32] }, options: same },
    { name: 'paper conv3', inputs: { x: [128, 14, 14, 32], kernel: [3, 3, 32, 64] }, options: same },
    { name: 'paper conv4', inputs: { x: [128, 14, 14, 64], kernel: [3, 3, 64, 64] }, options: same },
    { name: 'simple conv1', inputs: { x: [128, 28, 28, 1], kernel: [3, 3, 1, 64] }, options: valid },
    { name: 'simple conv2', inputs: { x: [128, 26, 26, 64], kernel: [3, 3, 64, 32] }, options: valid },
    resnet('resnet 7×7/2', [2, 224, 224, 3], [7, 7, 3, 64], strided(2, 2, 'same')),
    resnet('resnet 3×3 at 56', [16, 56, 56, 64], [3, 3, 64, 64], same),
    resnet('resnet 3×3 at 28', [16, 28, 28, 128], [3, 3, 128, 128], same),
    resnet('resnet 3×3 at 14', [16, 14, 14, 256], [3, 3, 256, 256], same),
    resnet('resnet 3×3 at 7', [16, 7, 7, 512], [3, 3, 512, 512], same),
    resnet('resnet 1×1 at 56', [16, 56, 56, 64], [1, 1, 64, 256], same),
    resnet('resnet 3×3/2 to 28', [2, 56, 56, 64], [3, 3, 64, 128], strided(2, 2, 'same')),
  ],
  wrongCalls: [
    {
      name: 'channels differ',
      inputs: { x: [8, 32, 32, 4], kernel: [3, 3, 3, 16] },
      call: ({ x, kernel }) => conv2d(x, kernel),
    },
    {
      name: 'images not f32',
      inputs: { x: { shape: [8, 28, 28, 1], dtype: 'u8' }, kernel: [3, 3, 1, 16] },
      call: ({ x, kernel }) => conv2d(x, kernel),
    },
    {
      name: 'three axes',
      inputs: { x: [32, 32, 4], kernel: [3, 3, 4, 16] },
      call: ({ x, kernel }) => conv2d(x, kernel),
    },
    {
      name: 'window too large',
      inputs: { x: [1, 4, 4, 1], kernel: [5, 5, 1, 1] },
      call: ({ x, kernel }) => conv2d(x, kernel),
    },
    {
      name: 'stride 0',
      inputs: { x: [1, 4, 4, 1], kernel: [3, 3, 1, 1] },
      call: ({ x, kernel }) => conv2d(x, kernel, { strides: 0 }),
    },
  ],
});

/** dbias[o] = Σ_{n,p,q} dy[n,p,q,o] */
function biasGradient(dy: Array64): Expected {
  const [N, P, Q, O] = dy.shape as [number, number, number, number];
  const sums = (y: Array64): Array64 => reduceTo64(y, [O]);
  return {
    value: sums(dy),
    magnitude: sums(map64(dy, Math.abs)).values,
    tolerance: tolerance(N * P * Q),
  };
}

const attributesOf = ({ x, kernel }: Arrays<Input>, options: Options) => ({
  ...windowAttributes(x.shape, kernel.shape, options),
});
