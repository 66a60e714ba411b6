/**
 * Checks of conv2d_transpose.
 * Letters: N images of P × Q pixels with C channels to images of H × W pixels with O channels; kernel KH × KW.
 */
import type { Shape } from '../../engine/primitive.js';
import { conv2dTranspose, conv2dTransposeOp } from '../../kernels/conv2d_transpose.js';
import {
  type Conv2dTransposeAttributes,
  conv2dTransposeReference,
} from '../../reference/conv2d_transpose.js';
import { drawSigned, oneOf, wholeNumber } from '../draws.js';
import { channelsAstray } from '../non_finite.js';
import { type Case, opCheck } from '../op_check.js';
import { dilated } from '../window.js';

type Options = {
  readonly strides: readonly [number, number];
  readonly padding: 'same' | 'valid';
  readonly dilationRate: readonly [number, number];
  readonly outputPadding: readonly [number, number] | null;
};
type Input = 'x' | 'kernel';

const one = [1, 1] as const;
const two = [2, 2] as const;

function conv(
  name: string,
  x: readonly number[],
  kernel: readonly number[],
  { strides = one, padding = 'valid', dilationRate = one, outputPadding = null }: Partial<Options>,
): Case<Input, 'y', Options> {
  return { name, inputs: { x, kernel }, options: { strides, padding, dilationRate, outputPadding } };
}

const thorough = (each: Case<Input, 'y', Options>): Case<Input, 'y', Options> => ({
  ...each,
  isThorough: true,
});

/**
 * Source: Keras, the arguments for JAX's transposed convolution: x with gaps of stride − 1 pixels and margins is convolved with the
 * flipped kernel.
 */
function margins(
  extent: number,
  stride: number,
  padding: string,
  extra: number | undefined,
): [number, number] {
  if (padding === 'valid') return [extent - 1, extent - 1 + (extra ?? Math.max(extent, stride) - extent)];
  const total = extra === undefined ? stride + extent - 2 : extent + (extent % 2) - 2 + extra;
  const before = Math.min(Math.ceil(total / 2), extent - 1);
  return [before, total - before];
}

function attributesOf(
  x: Shape,
  kernel: Shape,
  { strides, padding, dilationRate, outputPadding }: Options,
): Conv2dTransposeAttributes {
  const window = dilated(kernel, dilationRate);
  const along = [0, 1].map((axis) => {
    const [extent, stride] = [window[axis] as number, strides[axis] as number];
    const [before, after] = margins(extent, stride, padding, outputPadding?.[axis]);
    const size = ((x[axis + 1] as number) - 1) * stride + 1 + before + after - (extent - 1);
    // The padding of the convolution that y is the input of.
    return { size, before: extent - 1 - before, after: Math.max(extent - 1 - after, 0) };
  });
  const [down, across] = along as [(typeof along)[0], (typeof along)[0]];
  return {
    strides,
    dilations: dilationRate,
    pads: [down.before, across.before, down.after, across.after],
    outputShape: [x[0] as number, down.size, across.size, kernel[2] as number],
  };
}

export const conv2dTransposeCheck = opCheck<Input, 'y', Options, Conv2dTransposeAttributes>({
  op: conv2dTransposeOp,
  reference: conv2dTransposeReference,
  inputs: { x: { draw: drawSigned }, kernel: { draw: drawSigned } },
  outputs: ['y'],
  attributes: ({ x, kernel }, options) => attributesOf(x, kernel, options),
  magnitudes: 'multilinear',
  // As in conv2d, whose kernels compute it.
  mayBeNaN: ({ x, kernel }) => {
    const [, , O, C] = kernel.shape as [number, number, number, number];
    const outputs = channelsAstray(kernel, (index) => Math.floor(index / C) % O);
    const inputs = channelsAstray(kernel, (index) => index % C);
    const gradients = channelsAstray(x, (index) => index % C);
    return {
      y: (index) => outputs.has(index % O),
      x: (index) => inputs.has(index % C),
      kernel: (index) => gradients.has(index % C),
    };
  },
  terms: ({ x, kernel }) => {
    const [N, P, Q] = x as [number, number, number];
    const [KH, KW, O, C] = kernel as [number, number, number, number];
    return { y: KH * KW * C, x: KH * KW * O, kernel: N * P * Q };
  },
  call: ({ x, kernel }, options) => ({ y: conv2dTranspose(x, kernel, options) }),
  primitives: {},
  cases: [
    {
      ...conv('by hand', [1, 2, 2, 1], [2, 2, 1, 1], {}),
      byHand: {
        inputs: { x: [1, 2, 3, 4], kernel: [1, 2, 3, 4] },
        outputs: { y: [1, 4, 4, 6, 20, 16, 9, 24, 16] },
        gradients: { x: [10, 10, 10, 10], kernel: [10, 10, 10, 10] },
      },
    },
    {
      // Only the middle column and row of the kernel lie in y, and what is right and below of them.
      ...conv('by hand, same, stride 2', [1, 1, 2, 1], [3, 3, 1, 1], { padding: 'same', strides: two }),
      byHand: {
        inputs: { x: [1, 10], kernel: [1, 2, 3, 4, 5, 6, 7, 8, 9] },
        outputs: { y: [1, 2, 13, 20, 4, 5, 46, 50] },
        gradients: { x: [21, 12], kernel: [11, 11, 1, 11, 11, 1, 0, 0, 0] },
      },
    },
    conv('odd sizes, stride 2', [2, 4, 3, 3], [3, 2, 5, 3], { strides: two }),
    conv('same, strides differ', [2, 3, 5, 2], [4, 3, 3, 2], { strides: [3, 2], padding: 'same' }),
    thorough(conv('same, stride 1', [2, 5, 4, 4], [3, 3, 2, 4], { padding: 'same' })),
    thorough(conv('a stride larger than the window', [1, 3, 3, 2], [2, 1, 3, 2], { strides: [3, 2] })),
    conv('same, output padding', [1, 4, 3, 2], [3, 4, 2, 2], {
      strides: [2, 3],
      padding: 'same',
      outputPadding: [1, 2],
    }),
    thorough(
      conv('valid, output padding', [1, 3, 4, 2], [3, 2, 2, 2], { strides: [2, 3], outputPadding: [1, 0] }),
    ),
    thorough(conv('dilated', [1, 4, 3, 2], [3, 2, 3, 2], { dilationRate: [2, 3], padding: 'same' })),
    conv('dilated, strided', [1, 3, 4, 2], [2, 3, 2, 2], { dilationRate: two, strides: [2, 3] }),
  ],
  random: (random) => {
    const channels = (): number => oneOf<number>(random, [1, 2, 3, 4]);
    const [C, O] = [channels(), channels()];
    const strides: [number, number] = [wholeNumber(random, 1, 3), wholeNumber(random, 1, 3)];
    return {
      inputs: {
        x: [wholeNumber(random, 1, 3), wholeNumber(random, 2, 6), wholeNumber(random, 2, 6), C],
        kernel: [wholeNumber(random, 1, 4), wholeNumber(random, 1, 4), O, C],
      },
      options: {
        strides,
        padding: oneOf<'same' | 'valid'>(random, ['same', 'valid']),
        dilationRate: [wholeNumber(random, 1, 2), wholeNumber(random, 1, 2)],
        outputPadding: oneOf<[number, number] | null>(random, [null, [strides[0] - 1, 0]]),
      },
    };
  },
  bench: [],
  wrongCalls: [
    {
      name: 'channels differ',
      inputs: { x: [1, 4, 4, 3], kernel: [3, 3, 3, 2] },
      call: ({ x, kernel }) => conv2dTranspose(x, kernel),
    },
    {
      name: 'x not f32',
      inputs: { x: { shape: [1, 4, 4, 2], dtype: 'u8' }, kernel: [3, 3, 3, 2] },
      call: ({ x, kernel }) => conv2dTranspose(x, kernel),
    },
    {
      name: 'three axes',
      inputs: { x: [4, 4, 2], kernel: [3, 3, 3, 2] },
      call: ({ x, kernel }) => conv2dTranspose(x, kernel),
    },
    {
      name: 'output padding of a stride',
      inputs: { x: [1, 4, 4, 2], kernel: [3, 3, 3, 2] },
      call: ({ x, kernel }) => conv2dTranspose(x, kernel, { strides: 2, outputPadding: 2 }),
    },
    {
      name: 'negative output padding',
      inputs: { x: [1, 4, 4, 2], kernel: [3, 3, 3, 2] },
      call: ({ x, kernel }) => conv2dTranspose(x, kernel, { strides: 2, outputPadding: -1 }),
    },
    {
      name: 'no pixels left',
      inputs: { x: [1, 1, 1, 2], kernel: [2, 2, 3, 2] },
      call: ({ x, kernel }) => conv2dTranspose(x, kernel, { padding: 'same', outputPadding: 0 }),
    },
  ],
});
