/**
 * 2-D convolution with dilation and groups, channels last, and its two gradients. A convolution without either is `plainConv2d`.
 * Letters: N images of H × W pixels, C channels in, O out, in G groups; kernel KH × KW; P × Q windows per image.
 */
import forwardBaselineWgsl from '../../shaders/grouped_conv2d/forward_baseline.wgsl';
import forwardQuadsWgsl from '../../shaders/grouped_conv2d/forward_quads.wgsl';
import inputGradientBaselineWgsl from '../../shaders/grouped_conv2d/input_gradient_baseline.wgsl';
import inputGradientGroupsWgsl from '../../shaders/grouped_conv2d/input_gradient_groups.wgsl';
import inputGradientQuadsWgsl from '../../shaders/grouped_conv2d/input_gradient_quads.wgsl';
import kernelGradientBaselineWgsl from '../../shaders/grouped_conv2d/kernel_gradient_baseline.wgsl';
import kernelGradientQuadsWgsl from '../../shaders/grouped_conv2d/kernel_gradient_quads.wgsl';
import kernelGradientReduceWgsl from '../../shaders/grouped_conv2d/kernel_gradient_reduce.wgsl';
import { ShapeError } from '../errors.js';
import { type Op, apply, opOf } from '../engine/op.js';
import {
  type Cost,
  type DeviceTraits,
  type Dispatch,
  type Lowering,
  type Primitive,
  type Shape,
  type Variant,
  sizeOf,
} from '../engine/primitive.js';
import { runPrimitive } from '../engine/program.js';
import { registerShaders } from '../engine/shader.js';
import { type Tensor, checkTensors, describe } from '../engine/tensor.js';
import { checkCall } from '../calls.js';
import { type Rules, count, pixels } from '../options.js';
import { type PlainConv2dOptions, plainConv2d } from './conv2d.js';
import { bytesTouched, baselineVariant, gridFor } from './grid.js';
import {
  type Pair,
  type WindowAttributes,
  type WindowConstants,
  dilated,
  pair,
  windowAttributes,
  windowConstants,
  windowCounts,
  windowRules,
} from './window.js';

registerShaders({
  'grouped_conv2d/forward_baseline': forwardBaselineWgsl,
  'grouped_conv2d/forward_quads': forwardQuadsWgsl,
  'grouped_conv2d/input_gradient_baseline': inputGradientBaselineWgsl,
  'grouped_conv2d/input_gradient_groups': inputGradientGroupsWgsl,
  'grouped_conv2d/input_gradient_quads': inputGradientQuadsWgsl,
  'grouped_conv2d/kernel_gradient_baseline': kernelGradientBaselineWgsl,
  'grouped_conv2d/kernel_gradient_quads': kernelGradientQuadsWgsl,
  'grouped_conv2d/kernel_gradient_reduce': kernelGradientReduceWgsl,
});

export interface GroupedAttributes extends WindowAttributes {
  /** Pixels between taps: down, across. */
  readonly dilations: readonly number[];
  readonly groups: number;
}

interface InputGradientAttributes extends GroupedAttributes {
  readonly inputShape: readonly number[];
}

interface KernelGradientAttributes extends GroupedAttributes {
  readonly kernelShape: readonly number[];
}

/** The shapes of a convolution: x [N,H,W,C], kernel [KH,KW,C/G,O], y [N,P,Q,O]. */
interface Shapes {
  readonly x: Shape;
  readonly kernel: Shape;
  readonly y: Shape;
}

type Constants = WindowConstants & Readonly<Record<'O' | 'DILATION_H' | 'DILATION_W' | 'GROUPS', number>>;

function constantsOf({ x, kernel, y }: Shapes, attributes: GroupedAttributes): Constants {
  const [KH, KW, , O] = kernel as [number, number, number, number];
  const [DILATION_H, DILATION_W] = attributes.dilations as [number, number];
  const { groups: GROUPS } = attributes;
  return { ...windowConstants(x, [KH, KW], y, attributes), O, DILATION_H, DILATION_W, GROUPS };
}

/** One invocation for each of `size` elements. */
function dispatch(
  shader: string,
  constants: Dispatch['constants'],
  size: number,
  device: DeviceTraits,
): Dispatch {
  const { WORKGROUP, workgroups } = gridFor(size, device);
  return { shader, constants: { ...constants, WORKGROUP }, workgroups };
}

/** Two operations per tap, output and input channel of the group. */
function costOf(y: Shape, kernel: Shape, context: Parameters<typeof bytesTouched>[0]): Cost {
  const [KH, KW, CG] = kernel as [number, number, number];
  const multiplyAdds = sizeOf(y) * KH * KW * CG;
  return { flops: 2 * multiplyAdds, multiplyAdds, bytes: bytesTouched(context) };
}

/** Whether each output channel has one input channel of its own. */
const isDepthwise = ({ C, O, GROUPS }: Constants): boolean => C === GROUPS && O === GROUPS;

/** Whether four neighbouring output channels are of one group, or of four groups of one channel each. */
const isByQuads = (constants: Constants): boolean =>
  (constants.O / constants.GROUPS) % 4 === 0 || (isDepthwise(constants) && constants.O % 4 === 0);

/** How the kernels by quads read x. */
const pixelOf = (constants: Constants): Record<string, number | string> =>
  isDepthwise(constants) ? { Pixel: 'vec4f', PIXEL: 4 } : { Pixel: 'f32', PIXEL: 1 };

/** Neighbouring windows or pixels of a row per invocation; fewer leave a device without work for every core. */
const tile = 4;

type ForwardVariant = Variant<'x' | 'kernel', 'y', GroupedAttributes>;
type ForwardContext = Parameters<ForwardVariant['lower']>[0];

const forwardShapes = ({
  inputs: { x, kernel },
  outputs: { y },
}: Omit<ForwardContext, 'device'>): Shapes => ({
  x: x.shape,
  kernel: kernel.shape,
  y: y.shape,
});

function forwardQuads(family: 'software' | 'gpu'): ForwardVariant {
  return {
    name: family,
    family,
    hasEpilogue: true,
    supports: (context) => isByQuads(constantsOf(forwardShapes(context), context.attributes)),
    lower(context): Lowering {
      const constants = constantsOf(forwardShapes(context), context.attributes);
      const { N, P, Q, O } = constants;
      const TILE = Math.min(tile, Q);
      const size = (N * P * Math.ceil(Q / TILE) * O) / 4;
      const all = { ...constants, ...pixelOf(constants), TILE };
      return { dispatches: [dispatch('grouped_conv2d/forward_quads', all, size, context.device)] };
    },
  };
}

export const groupedConv2dForward: Primitive<'x' | 'kernel', 'y', GroupedAttributes> = {
  name: 'grouped_conv2d/forward',
  inputs: ['x', 'kernel'],
  outputs: ['y'],
  shape: ({ x, kernel }, attributes) => {
    const [N] = x.shape as [number];
    const [KH, KW, , O] = kernel.shape as [number, number, number, number];
    return { y: [N, ...windowCounts(x.shape, dilated([KH, KW], attributes.dilations), attributes), O] };
  },
  cost: (context) => costOf(context.outputs.y.shape, context.inputs.kernel.shape, context),
  variants: [
    forwardQuads('software'),
    forwardQuads('gpu'),
    baselineVariant(
      (context) => {
        const shapes = forwardShapes(context);
        const constants = constantsOf(shapes, context.attributes);
        return {
          dispatches: [
            dispatch('grouped_conv2d/forward_baseline', constants, sizeOf(shapes.y), context.device),
          ],
        };
      },
      { hasEpilogue: true },
    ),
  ],
};

type InputGradientVariant = Variant<'dy' | 'kernel', 'dx', InputGradientAttributes>;
type InputGradientContext = Parameters<InputGradientVariant['lower']>[0];

const inputGradientShapes = ({ inputs: { dy, kernel }, outputs: { dx } }: InputGradientContext): Shapes => ({
  x: dx.shape,
  kernel: kernel.shape,
  y: dy.shape,
});

function inputGradientQuads(family: 'software' | 'gpu'): InputGradientVariant {
  return {
    name: family,
    family,
    hasEpilogue: true,
    supports: (context) => {
      const constants = constantsOf(inputGradientShapes(context), context.attributes);
      return isDepthwise(constants) && constants.C % 4 === 0;
    },
    lower(context): Lowering {
      const shapes = inputGradientShapes(context);
      const { DILATION_H, DILATION_W, KH, KW } = constantsOf(shapes, context.attributes);
      const window = windowConstants(shapes.x, [KH, KW], shapes.y, context.attributes);
      const { N, H, W, C } = window;
      const TILE = Math.min(tile, W);
      const size = (N * H * Math.ceil(W / TILE) * C) / 4;
      const all = { ...window, DILATION_H, DILATION_W, TILE };
      return { dispatches: [dispatch('grouped_conv2d/input_gradient_quads', all, size, context.device)] };
    },
  };
}

/** Four channels of one group, each of whose sums takes four output channels at a time. */
function inputGradientGroups(family: 'software' | 'gpu'): InputGradientVariant {
  return {
    name: `${family}_groups`,
    family,
    hasEpilogue: true,
    supports: (context) => {
      const { C, O, GROUPS } = constantsOf(inputGradientShapes(context), context.attributes);
      return (C / GROUPS) % 4 === 0 && (O / GROUPS) % 4 === 0;
    },
    lower(context): Lowering {
      const constants = constantsOf(inputGradientShapes(context), context.attributes);
      const { N, H, W, C } = constants;
      const TILE = Math.min(tile, W);
      const size = (N * H * Math.ceil(W / TILE) * C) / 4;
      const all = { ...constants, TILE };
      return { dispatches: [dispatch('grouped_conv2d/input_gradient_groups', all, size, context.device)] };
    },
  };
}

export const groupedConv2dInputGradient: Primitive<'dy' | 'kernel', 'dx', InputGradientAttributes> = {
  name: 'grouped_conv2d/input_gradient',
  inputs: ['dy', 'kernel'],
  outputs: ['dx'],
  shape: (_, { inputShape }) => ({ dx: inputShape }),
  cost: (context) => costOf(context.inputs.dy.shape, context.inputs.kernel.shape, context),
  variants: [
    inputGradientQuads('software'),
    inputGradientGroups('software'),
    inputGradientQuads('gpu'),
    inputGradientGroups('gpu'),
    baselineVariant(
      (context) => {
        const shapes = inputGradientShapes(context);
        const constants = constantsOf(shapes, context.attributes);
        return {
          dispatches: [
            dispatch('grouped_conv2d/input_gradient_baseline', constants, sizeOf(shapes.x), context.device),
          ],
        };
      },
      { hasEpilogue: true },
    ),
  ],
};

type KernelGradientVariant = Variant<'x' | 'dy', 'dkernel', KernelGradientAttributes>;
type KernelGradientContext = Parameters<KernelGradientVariant['lower']>[0];

const kernelGradientShapes = ({
  inputs: { x, dy },
  outputs: { dkernel },
}: KernelGradientContext): Shapes => ({
  x: x.shape,
  kernel: dkernel.shape,
  y: dy.shape,
});

/** Enough invocations for every core: a GPU wants many more than a software device. */
const wantedInvocations = { software: 4096, gpu: 65_536 };

function kernelGradientQuads(family: 'software' | 'gpu'): KernelGradientVariant {
  return {
    name: family,
    family,
    hasEpilogue: true,
    supports: (context) => isByQuads(constantsOf(kernelGradientShapes(context), context.attributes)),
    lower(context): Lowering {
      const { device } = context;
      const shapes = kernelGradientShapes(context);
      const constants = constantsOf(shapes, context.attributes);
      const { N, P, O, KW } = constants;
      const COUNT = sizeOf(shapes.kernel);
      const invocations = COUNT / (4 * KW);
      const SLICE_ROWS = Math.ceil((N * P) / Math.ceil(wantedInvocations[family] / invocations));
      const SLICES = Math.ceil((N * P) / SLICE_ROWS);
      const all = { ...constants, ...pixelOf(constants), SLICES, SLICE_ROWS };
      return {
        dispatches: [
          dispatch('grouped_conv2d/kernel_gradient_quads', all, SLICES * invocations, device),
          dispatch('grouped_conv2d/kernel_gradient_reduce', { COUNT, O, SLICES }, COUNT, device),
        ],
        scratch: { partial: SLICES * COUNT * 4 },
      };
    },
  };
}

export const groupedConv2dKernelGradient: Primitive<'x' | 'dy', 'dkernel', KernelGradientAttributes> = {
  name: 'grouped_conv2d/kernel_gradient',
  inputs: ['x', 'dy'],
  outputs: ['dkernel'],
  shape: (_, { kernelShape }) => ({ dkernel: kernelShape }),
  cost: (context) => costOf(context.inputs.dy.shape, context.attributes.kernelShape, context),
  variants: [
    kernelGradientQuads('software'),
    kernelGradientQuads('gpu'),
    baselineVariant(
      (context) => {
        const shapes = kernelGradientShapes(context);
        const constants = constantsOf(shapes, context.attributes);
        return {
          dispatches: [
            dispatch(
              'grouped_conv2d/kernel_gradient_baseline',
              constants,
              sizeOf(shapes.kernel),
              context.device,
            ),
          ],
        };
      },
      { hasEpilogue: true },
    ),
  ],
};

// As without groups: all three are bilinear, and the gradients of each are the other two.
export const groupedConv2dInputGradientOp: Op<'dy' | 'kernel', 'dx', InputGradientAttributes> = opOf(
  groupedConv2dInputGradient,
  ({ inputs: { dy, kernel }, attributes: { inputShape: _, ...attributes }, gradients }) => {
    const g = gradients.dx as Tensor;
    return {
      dy: () => apply(groupedConv2dOp, { x: g, kernel }, attributes).y,
      kernel: () =>
        apply(groupedConv2dKernelGradientOp, { x: g, dy }, { ...attributes, kernelShape: kernel.shape })
          .dkernel,
    };
  },
);

export const groupedConv2dKernelGradientOp: Op<'x' | 'dy', 'dkernel', KernelGradientAttributes> = opOf(
  groupedConv2dKernelGradient,
  ({ inputs: { x, dy }, attributes: { kernelShape: _, ...attributes }, gradients }) => {
    const g = gradients.dkernel as Tensor;
    return {
      x: () =>
        apply(groupedConv2dInputGradientOp, { dy, kernel: g }, { ...attributes, inputShape: x.shape }).dx,
      dy: () => apply(groupedConv2dOp, { x, kernel: g }, attributes).y,
    };
  },
);

export const groupedConv2dOp: Op<'x' | 'kernel', 'y', GroupedAttributes> = {
  name: 'grouped_conv2d',
  primitives: [groupedConv2dForward, groupedConv2dInputGradient, groupedConv2dKernelGradient],
  forward: (inputs, attributes) => runPrimitive(groupedConv2dForward, inputs, attributes),
  backward: ({ inputs: { x, kernel }, attributes, gradients }) => {
    const dy = gradients.y as Tensor;
    return {
      x: () => apply(groupedConv2dInputGradientOp, { dy, kernel }, { ...attributes, inputShape: x.shape }).dx,
      kernel: () =>
        apply(groupedConv2dKernelGradientOp, { x, dy }, { ...attributes, kernelShape: kernel.shape }).dkernel,
    };
  },
};

export interface Conv2dOptions extends PlainConv2dOptions {
  /** Pixels between the taps of a window; default 1: adjacent pixels. */
  readonly dilationRate?: Pair;
  /** Groups of channels, each convolved on its own; C and O are multiples of it. Default 1. */
  readonly groups?: number;
}

const rules = (): Rules<Conv2dOptions> => ({ ...windowRules(), dilationRate: pixels, groups: count });

/** Whether a convolution has neither gaps between its taps nor groups. */
export function isPlain(dilationRate: Pair, groups: number): boolean {
  return groups === 1 && pair(dilationRate).every((rate) => rate === 1);
}

/**
 * 2-D convolution (cross-correlation), channels last.
 *
 *   y[n,p,q,o] = Σ_{i,j,c} x[n, p·stride + i·dilation − pad, q·stride + j·dilation − pad, g·C/groups + c] · kernel[i,j,c,o]
 *
 * Here g = ⌊o / (O/groups)⌋ is the group of the output channel. Unlike in Keras, strides and dilation combine, as in PyTorch.
 * Shapes: x [N,H,W,C], kernel [KH,KW,C/groups,O] → y [N,P,Q,O].
 * Units: strides and dilationRate in pixels; padding 'valid' or Keras's 'same'. Sums in f32.
 * Throws: UsageError for options out of range; ShapeError when the channels differ, when the groups do not divide them, or
 * when the dilated window exceeds the input.
 * Source: Chellapilla et al. 2006 (lowering to a matrix product); Yu and Koltun 2016 (dilation).
 */
export function conv2d(x: Tensor, kernel: Tensor, options: Conv2dOptions = {}): Tensor {
  checkTensors('conv2d', { x, kernel });
  checkCall('conv2d', options, rules);
  const { dilationRate = 1, groups = 1, ...plain } = options;
  if (isPlain(dilationRate, groups)) return plainConv2d(x, kernel, plain);
  return groupedConv2d('conv2d', x, kernel, options);
}

/** `who` names the public function in errors. */
export function groupedConv2d(who: string, x: Tensor, kernel: Tensor, options: Conv2dOptions): Tensor {
  const { strides = 1, padding = 'valid', dilationRate = 1, groups = 1 } = options;
  if (x.shape.length !== 4 || kernel.shape.length !== 4)
    throw new ShapeError(
      `${who}: x is ${describe(x)} and kernel ${describe(kernel)}, expected [N,H,W,C] and [KH,KW,C/groups,O].`,
    );
  const [KH, KW, CG, O] = kernel.shape as [number, number, number, number];
  const C = x.shape[3] as number;
  if (CG * groups !== C)
    throw new ShapeError(
      `${who}: kernel expects ${groups}·${CG} input channels but x has ${C} (x ${describe(x)}, kernel ${describe(kernel)}).`,
    );
  if (O % groups !== 0)
    throw new ShapeError(
      `${who}: kernel ${describe(kernel)} has ${O} output channels, expected a multiple of groups, ${groups}.`,
    );
  const dilations = pair(dilationRate);
  const window = dilated([KH, KW], dilations);
  const attributes = windowAttributes(who, x.shape, window, pair(strides), padding);
  return apply(groupedConv2dOp, { x, kernel }, { ...attributes, dilations, groups }).y;
}
