/**
 * 2-D convolution (cross-correlation), channels last, with its two gradients.
 * Letters: N images of H × W pixels, C channels in, O out; kernel KH × KW; P × Q windows per image.
 */
import forwardBaselineWgsl from '../../shaders/conv2d/forward_baseline.wgsl';
import inputGradientBaselineWgsl from '../../shaders/conv2d/input_gradient_baseline.wgsl';
import kernelGradientBaselineWgsl from '../../shaders/conv2d/kernel_gradient_baseline.wgsl';
import { ShapeError } from '../errors.js';
import { type Op, apply, opOf } from '../engine/op.js';
import {
  type Cost,
  type Dispatch,
  type Primitive,
  type PrimitiveContext,
  type Shape,
  sharedResult,
  sizeOf,
} from '../engine/primitive.js';
import { runPrimitive } from '../engine/program.js';
import { registerShaders } from '../engine/shader.js';
import { type Tensor, checkTensors, describe } from '../engine/tensor.js';
import { checkCall } from '../calls.js';
import { forwardGpu, inputGradientGpu, kernelGradientGpu } from './conv2d_gpu.js';
import { forwardSoftware, inputGradientSoftware, kernelGradientSoftware } from './conv2d_software.js';
import { bytesTouched, baselineVariant, gridFor } from './grid.js';
import { sumForward } from './sum.js';
import {
  type Pair,
  type WindowAttributes,
  type WindowOptions,
  pair,
  windowAttributes,
  windowConstants,
  windowCounts,
  windowRules,
} from './window.js';

registerShaders({
  'conv2d/forward_baseline': forwardBaselineWgsl,
  'conv2d/input_gradient_baseline': inputGradientBaselineWgsl,
  'conv2d/kernel_gradient_baseline': kernelGradientBaselineWgsl,
});

export interface InputGradientAttributes extends WindowAttributes {
  readonly inputShape: readonly number[];
}

export interface KernelGradientAttributes extends WindowAttributes {
  readonly kernelShape: readonly number[];
}

/** Constants of the baseline kernels of all three primitives: one invocation for each of `count` elements. */
function clearDispatch(
  shader: string,
  { x, kernel, y, count }: { x: Shape; kernel: Shape; y: Shape; count: number },
  attributes: WindowAttributes,
  device: PrimitiveContext<never, never, never>['device'],
): { dispatches: Dispatch[] } {
  const [KH, KW, , O] = kernel as [number, number, number, number];
  const { WORKGROUP, workgroups } = gridFor(count, device);
  return {
    dispatches: [
      { shader, constants: { ...windowConstants(x, [KH, KW], y, attributes), O, WORKGROUP }, workgroups },
    ],
  };
}

/** Two operations per tap, output and pair of channels, in all three primitives. */
function convolutionCost(y: Shape, kernel: Shape, context: Parameters<typeof bytesTouched>[0]): Cost {
  const [KH, KW, C] = kernel as [number, number, number];
  const multiplyAdds = sizeOf(y) * KH * KW * C;
  return { flops: 2 * multiplyAdds, multiplyAdds, bytes: bytesTouched(context) };
}

export const conv2dForward: Primitive<'x' | 'kernel', 'y', WindowAttributes> = {
  name: 'conv2d/forward',
  inputs: ['x', 'kernel'],
  outputs: ['y'],
  shape: ({ x, kernel }, attributes) => {
    const [N] = x.shape as [number];
    const [KH, KW, , O] = kernel.shape as [number, number, number, number];
    return { y: [N, ...windowCounts(x.shape, [KH, KW], attributes), O] };
  },
  cost: (context) => convolutionCost(context.outputs.y.shape, context.inputs.kernel.shape, context),
  variants: [
    ...forwardSoftware,
    ...forwardGpu,
    baselineVariant(
      ({ inputs: { x, kernel }, outputs: { y }, attributes, device }) =>
        clearDispatch(
          'conv2d/forward_baseline',
          { x: x.shape, kernel: kernel.shape, y: y.shape, count: sizeOf(y.shape) },
          attributes,
          device,
        ),
      { hasEpilogue: true },
    ),
  ],
};

export const conv2dInputGradient: Primitive<'dy' | 'kernel', 'dx', InputGradientAttributes> = {
  name: 'conv2d/input_gradient',
  inputs: ['dy', 'kernel'],
  outputs: ['dx'],
  shape: (_, { inputShape }) => ({ dx: inputShape }),
  cost: (context) => convolutionCost(context.inputs.dy.shape, context.inputs.kernel.shape, context),
  variants: [
    ...inputGradientSoftware,
    ...inputGradientGpu,
    baselineVariant(
      ({ inputs: { dy, kernel }, outputs: { dx }, attributes, device }) =>
        clearDispatch(
          'conv2d/input_gradient_baseline',
          { x: dx.shape, kernel: kernel.shape, y: dy.shape, count: sizeOf(dx.shape) },
          attributes,
          device,
        ),
      { hasEpilogue: true },
    ),
  ],
};

/** dbias costs almost nothing here; the plan uses it if a bias was added to y. */
export const conv2dKernelGradient: Primitive<'x' | 'dy', 'dkernel' | 'dbias', KernelGradientAttributes> = {
  name: 'conv2d/kernel_gradient',
  inputs: ['x', 'dy'],
  outputs: ['dkernel', 'dbias'],
  sharedResults: {
    dbias: sharedResult(sumForward, { x: 'dy' }, { first: 0, last: 2 }),
  },
  shape: (_, { kernelShape }) => ({ dkernel: kernelShape, dbias: kernelShape.slice(3) }),
  cost: (context) => convolutionCost(context.inputs.dy.shape, context.attributes.kernelShape, context),
  variants: [
    ...kernelGradientSoftware,
    ...kernelGradientGpu,
    baselineVariant(
      ({ inputs: { x, dy }, outputs: { dkernel, dbias }, attributes, device }) =>
        clearDispatch(
          'conv2d/kernel_gradient_baseline',
          {
            x: x.shape,
            kernel: dkernel.shape,
            y: dy.shape,
            count: sizeOf(dkernel.shape) + sizeOf(dbias.shape),
          },
          attributes,
          device,
        ),
      { hasEpilogue: true },
    ),
  ],
};

// The convolution and its two gradients are bilinear, and the gradients of each are the other two.
export const conv2dInputGradientOp: Op<'dy' | 'kernel', 'dx', InputGradientAttributes> = opOf(
  conv2dInputGradient,
  ({ inputs: { dy, kernel }, attributes: { inputShape: _, ...attributes }, gradients }) => {
    const g = gradients.dx as Tensor;
    return {
      dy: () => apply(conv2dOp, { x: g, kernel }, attributes).y,
      kernel: () =>
        apply(conv2dKernelGradientOp, { x: g, dy }, { ...attributes, kernelShape: kernel.shape }).dkernel,
    };
  },
);

export const conv2dKernelGradientOp: Op<'x' | 'dy', 'dkernel', KernelGradientAttributes> = {
  name: conv2dKernelGradient.name,
  primitives: [conv2dKernelGradient],
  // The plan alone uses dbias.
  forward: (inputs, attributes) => ({
    dkernel: runPrimitive(conv2dKernelGradient, inputs, attributes).dkernel,
  }),
  backward: ({ inputs: { x, dy }, attributes: { kernelShape: _, ...attributes }, gradients }) => {
    const g = gradients.dkernel as Tensor;
    return {
      x: () => apply(conv2dInputGradientOp, { dy, kernel: g }, { ...attributes, inputShape: x.shape }).dx,
      dy: () => apply(conv2dOp, { x, kernel: g }, attributes).y,
    };
  },
};

export const conv2dOp: Op<'x' | 'kernel', 'y', WindowAttributes> = {
  name: 'conv2d',
  primitives: [conv2dForward, conv2dInputGradient, conv2dKernelGradient],
  forward: (inputs, attributes) => runPrimitive(conv2dForward, inputs, attributes),
  backward: ({ inputs: { x, kernel }, attributes, gradients }) => {
    const dy = gradients.y as Tensor;
    return {
      x: () => apply(conv2dInputGradientOp, { dy, kernel }, { ...attributes, inputShape: x.shape }).dx,
      kernel: () =>
        apply(conv2dKernelGradientOp, { x, dy }, { ...attributes, kernelShape: kernel.shape }).dkernel,
    };
  },
};

export interface PlainConv2dOptions extends WindowOptions {
  /** Pixels between windows; default 1. */
  readonly strides?: Pair;
}

/**
 * `conv2d` without dilation and groups, whose kernels the named models do not need: a bundle of these models does not contain them.
 *
 * Throws: as `conv2d`.
 */
export function plainConv2d(x: Tensor, kernel: Tensor, options: PlainConv2dOptions = {}): Tensor {
  checkTensors('conv2d', { x, kernel });
  checkCall('conv2d', options, windowRules);
  const { strides = 1, padding = 'valid' } = options;
  if (x.shape.length !== 4 || kernel.shape.length !== 4) {
    throw new ShapeError(
      `conv2d: x is ${describe(x)} and kernel ${describe(kernel)}, expected [N,H,W,C] and [KH,KW,C,O].`,
    );
  }
  const [KH, KW, C] = kernel.shape as [number, number, number];
  if (x.shape[3] !== C) {
    throw new ShapeError(
      `conv2d: kernel expects ${C} input channels but x has ${x.shape[3]} (x ${describe(x)}, kernel ${describe(kernel)}).`,
    );
  }
  return apply(conv2dOp, { x, kernel }, windowAttributes('conv2d', x.shape, [KH, KW], pair(strides), padding))
    .y;
}
