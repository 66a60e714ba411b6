/**
 * Checks of grouped_conv2d: convolutions with dilation, groups, or both, depthwise ones among them.
 * Letters: N images of H × W pixels, C channels in, O out, in G groups; kernel KH × KW; P × Q windows per image.
 */
import type { Shape } from '../../engine/primitive.js';
import { conv2d, groupedConv2dOp } from '../../kernels/grouped_conv2d.js';
import { type ConvolutionAttributes, groupedConv2dReference } from '../../reference/conv2d.js';
import { windowsOver } from '../../reference/window.js';
import { drawSigned, oneOf, wholeNumber } from '../draws.js';
import { type Case, opCheck } from '../op_check.js';
import { dilated, windowAttributes } from '../window.js';

type Options = {
  readonly strides: readonly [number, number];
  readonly padding: 'same' | 'valid';
  readonly dilationRate: readonly [number, number];
  readonly groups: number;
};
type Input = 'x' | 'kernel';

const one = [1, 1] as const;
const two = [2, 2] as const;

function conv(
  name: string,
  x: readonly number[],
  kernel: readonly number[],
  { strides = one, padding = 'valid', dilationRate = one, groups = 1 }: Partial<Options>,
): Case<Input, 'y', Options> {
  return { name, inputs: { x, kernel }, options: { strides, padding, dilationRate, groups } };
}

const thorough = (each: Case<Input, 'y', Options>): Case<Input, 'y', Options> => ({
  ...each,
  isThorough: true,
});

const attributesOf = (x: Shape, kernel: Shape, { dilationRate, groups, ...window }: Options) => ({
  ...windowAttributes(x, dilated(kernel, dilationRate), window),
  dilations: dilationRate,
  groups,
});

export const groupedConv2dCheck = opCheck<Input, 'y', Options, ConvolutionAttributes>({
  op: groupedConv2dOp,
  reference: groupedConv2dReference,
  inputs: { x: { draw: drawSigned }, kernel: { draw: drawSigned } },
  outputs: ['y'],
  attributes: ({ x, kernel }, options) => attributesOf(x, kernel, options),
  magnitudes: 'multilinear',
  terms: ({ x, kernel }, options) => {
    const [N] = x as [number];
    const [KH, KW, CG, O] = kernel as [number, number, number, number];
    const window = dilated(kernel, options.dilationRate);
    const { P, Q } = windowsOver(x, window, windowAttributes(x, window, options));
    return { y: KH * KW * CG, x: (KH * KW * O) / options.groups, kernel: N * P * Q };
  },
  call: ({ x, kernel }, options) => ({ y: conv2d(x, kernel, options) }),
  primitives: {
    'grouped_conv2d/forward': ({ inputs, outputs, options }) => ({
      inputs,
      attributes: attributesOf(inputs.x.shape, inputs.kernel.shape, options),
      results: { y: outputs.y },
    }),
    'grouped_conv2d/input_gradient': ({ inputs, outputGradients, gradients, options }) => ({
      inputs: { dy: outputGradients.y, kernel: inputs.kernel },
      attributes: {
        ...attributesOf(inputs.x.shape, inputs.kernel.shape, options),
        inputShape: inputs.x.shape,
      },
      results: { dx: gradients.x! },
    }),
    'grouped_conv2d/kernel_gradient': ({ inputs, outputGradients, gradients, options }) => ({
      inputs: { x: inputs.x, dy: outputGradients.y },
      attributes: {
        ...attributesOf(inputs.x.shape, inputs.kernel.shape, options),
        kernelShape: inputs.kernel.shape,
      },
      results: { dkernel: gradients.kernel! },
    }),
  },
  cases: [
    {
      // Each channel has its own window, whose taps are the corners of the image.
      ...conv('by hand', [1, 3, 3, 2], [2, 2, 1, 2], { dilationRate: two, groups: 2 }),
      byHand: {
        inputs: {
          x: [1, 9, 2, 8, 3, 7, 4, 6, 5, 5, 6, 4, 7, 3, 8, 2, 9, 1],
          kernel: [1, 1, 2, 0, 3, 1, 4, -1],
        },
        outputs: { y: [64, 11] },
        gradients: {
          x: [1, 1, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3, 1, 0, 0, 4, -1],
          kernel: [1, 9, 3, 7, 7, 3, 9, 1],
        },
      },
    },
    conv('dilated, odd sizes', [2, 8, 9, 3], [3, 2, 3, 5], { dilationRate: [2, 3], padding: 'same' }),
    thorough(
      conv('dilated and strided', [2, 9, 11, 2], [3, 3, 2, 3], { dilationRate: two, strides: [2, 3] }),
    ),
    conv('groups of several channels', [2, 5, 6, 6], [3, 2, 2, 9], { groups: 3, strides: [2, 1] }),
    conv('dilated, by vec4', [2, 7, 9, 4], [3, 3, 4, 8], { dilationRate: two, padding: 'same' }),
    thorough(
      conv('groups, by vec4 throughout', [1, 6, 9, 12], [3, 2, 4, 24], {
        groups: 3,
        padding: 'same',
        strides: two,
      }),
    ),
    thorough(
      conv('groups, by vec4', [1, 6, 7, 6], [2, 3, 3, 8], { groups: 2, padding: 'same', strides: two }),
    ),
    thorough(conv('depthwise', [2, 5, 7, 5], [3, 3, 1, 5], { groups: 5, padding: 'same' })),
    thorough(
      conv('depthwise, two outputs per channel', [2, 5, 6, 3], [2, 3, 1, 6], { groups: 3, padding: 'same' }),
    ),
    thorough(conv('depthwise, by vec4', [2, 6, 9, 8], [3, 3, 1, 8], { groups: 8, padding: 'same' })),
    conv('depthwise, by vec4, strided', [3, 7, 11, 4], [3, 2, 1, 4], {
      groups: 4,
      padding: 'same',
      strides: two,
    }),
    thorough(
      conv('depthwise, by vec4, dilated', [1, 9, 8, 4], [3, 3, 1, 4], {
        groups: 4,
        dilationRate: [2, 3],
        padding: 'same',
      }),
    ),
    thorough(
      conv('depthwise, four outputs per channel', [1, 4, 5, 3], [3, 3, 1, 12], {
        groups: 3,
        padding: 'same',
      }),
    ),
    conv('depthwise, slices of several rows', [5, 21, 3, 68], [3, 1, 1, 68], { groups: 68, padding: 'same' }),
  ],
  random: (random) => {
    const groups = oneOf<number>(random, [1, 2, 3, 4]);
    const per = (): number => oneOf<number>(random, [1, 2, 4]);
    const [CG, OG] = [per(), per()];
    const pair = (): [number, number] => [wholeNumber(random, 1, 2), wholeNumber(random, 1, 2)];
    const x = [
      wholeNumber(random, 1, 3),
      wholeNumber(random, 6, 11),
      wholeNumber(random, 6, 11),
      CG * groups,
    ];
    const kernel = [wholeNumber(random, 1, 3), wholeNumber(random, 1, 3), CG, OG * groups];
    const padding = oneOf<'same' | 'valid'>(random, ['same', 'valid']);
    return {
      inputs: { x, kernel },
      options: { strides: pair(), padding, dilationRate: pair(), groups },
    };
  },
  bench: [
    {
      ...conv('mobilenet depthwise at 28', [4, 28, 28, 256], [3, 3, 1, 256], {
        groups: 256,
        padding: 'same',
      }),
      gpuInputs: { x: [64, 28, 28, 256], kernel: [3, 3, 1, 256] },
    },
    {
      ...conv('resnext 3×3 at 14', [2, 14, 14, 512], [3, 3, 16, 512], { groups: 32, padding: 'same' }),
      gpuInputs: { x: [64, 14, 14, 512], kernel: [3, 3, 16, 512] },
    },
  ],
  wrongCalls: [
    {
      name: 'groups do not divide the input channels',
      inputs: { x: [1, 5, 5, 3], kernel: [3, 3, 1, 4] },
      call: ({ x, kernel }) => conv2d(x, kernel, { groups: 2 }),
    },
    {
      name: 'groups do not divide the output channels',
      inputs: { x: [1, 5, 5, 4], kernel: [3, 3, 2, 3] },
      call: ({ x, kernel }) => conv2d(x, kernel, { groups: 2 }),
    },
    {
      name: 'dilated window too large',
      inputs: { x: [1, 4, 4, 1], kernel: [3, 3, 1, 1] },
      call: ({ x, kernel }) => conv2d(x, kernel, { dilationRate: 2 }),
    },
    {
      name: 'dilation 0',
      inputs: { x: [1, 4, 4, 1], kernel: [3, 3, 1, 1] },
      call: ({ x, kernel }) => conv2d(x, kernel, { dilationRate: 0 }),
    },
    {
      name: 'half a group',
      inputs: { x: [1, 4, 4, 2], kernel: [3, 3, 1, 2] },
      call: ({ x, kernel }) => conv2d(x, kernel, { groups: 0.5 }),
    },
    {
      name: 'three axes',
      inputs: { x: [4, 4, 2], kernel: [3, 3, 1, 2] },
      call: ({ x, kernel }) => conv2d(x, kernel, { groups: 2 }),
    },
  ],
});
