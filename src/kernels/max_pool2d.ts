/** Max-pooling over windows, channels last; the gradient of a window goes to its first maximum. */
import forwardWgsl from '../../shaders/max_pool2d/forward.wgsl';
import forwardQuadsWgsl from '../../shaders/max_pool2d/forward_quads.wgsl';
import gatherWgsl from '../../shaders/max_pool2d/gather.wgsl';
import inputGradientWgsl from '../../shaders/max_pool2d/input_gradient.wgsl';
import inputGradientApartWgsl from '../../shaders/max_pool2d/input_gradient_apart.wgsl';
import inputGradientQuadsWgsl from '../../shaders/max_pool2d/input_gradient_quads.wgsl';
import nonFiniteWgsl from '../../shaders/floats/non_finite.wgsl';
import gradientWindowsWgsl from '../../shaders/pool2d/gradient_windows.wgsl';
import windowsWgsl from '../../shaders/pool2d/windows.wgsl';
import { type Op, apply, opOf } from '../engine/op.js';
import { type Primitive, type Spec, type Variant, sizeOf } from '../engine/primitive.js';
import { runPrimitive } from '../engine/program.js';
import { registerShaders } from '../engine/shader.js';
import type { Tensor } from '../engine/tensor.js';
import { bytesTouched, baselineVariant, gridFor } from './grid.js';
import { type PoolAttributes, type PoolOptions, poolAttributes, poolForward } from './pool2d.js';
import { windowConstants } from './window.js';

registerShaders({
  'max_pool2d/forward': forwardWgsl,
  'max_pool2d/forward_quads': forwardQuadsWgsl,
  'max_pool2d/gather': gatherWgsl,
  'max_pool2d/input_gradient': inputGradientWgsl,
  'max_pool2d/input_gradient_apart': inputGradientApartWgsl,
  'max_pool2d/input_gradient_quads': inputGradientQuadsWgsl,
  'floats/non_finite': nonFiniteWgsl,
  'pool2d/gradient_windows': gradientWindowsWgsl,
  'pool2d/windows': windowsWgsl,
});

const pooled = poolForward('max_pool2d/forward');

/** Four channels per invocation. */
function forwardQuads(family: 'software' | 'gpu'): Variant<'x', 'y', PoolAttributes> {
  return {
    name: family,
    family,
    hasEpilogue: true,
    supports: ({ inputs: { x } }) => isQuads(x),
    lower: ({ inputs: { x }, outputs: { y }, attributes, device }) => {
      const { workgroups, ...grid } = gridFor(sizeOf(y.shape) / 4, device, { software: 16 });
      const constants = { ...windowConstants(x.shape, attributes.window, y.shape, attributes), ...grid };
      return { dispatches: [{ shader: 'max_pool2d/forward_quads', constants, workgroups }] };
    },
  };
}

export const maxPool2dForward: Primitive<'x', 'y', PoolAttributes> = {
  ...pooled,
  variants: [forwardQuads('software'), forwardQuads('gpu'), ...pooled.variants],
};

const isQuads = ({ shape }: Spec): boolean => (shape.at(-1) as number) % 4 === 0;

const isApart = ({ window, strides, pads }: PoolAttributes): boolean =>
  window.every((extent, i) => extent === strides[i]) && pads.every((pad) => pad === 0);

/** Adjacent windows: each pixel lies in one window, which finds its maximum once. One kernel for both families. */
function apart(family: 'software' | 'gpu'): Variant<'x' | 'dy', 'dx', PoolAttributes> {
  return {
    name: `${family}_apart`,
    family,
    hasEpilogue: true,
    supports: ({ attributes }) => isApart(attributes),
    lower: ({ inputs: { x, dy }, attributes, device }) => {
      const sizes = windowConstants(x.shape, attributes.window, dy.shape, attributes);
      const { N, H, W, C, KH, KW, P, Q } = sizes;
      const count = N * Math.ceil(H / KH) * Math.ceil(W / KW) * C;
      const { workgroups, ...grid } = gridFor(count, device, { software: 16 });
      const constants = { N, H, W, C, KH, KW, P, Q, ...grid };
      return { dispatches: [{ shader: 'max_pool2d/input_gradient_apart', constants, workgroups }] };
    },
  };
}

/** The same with four channels per invocation. */
function apartQuads(family: 'software' | 'gpu'): Variant<'x' | 'dy', 'dx', PoolAttributes> {
  return {
    name: family,
    family,
    hasEpilogue: true,
    supports: ({ inputs: { x }, attributes }) => isQuads(x) && isApart(attributes),
    lower: ({ inputs: { x, dy }, attributes, device }) => {
      const sizes = windowConstants(x.shape, attributes.window, dy.shape, attributes);
      const { N, H, W, C, KH, KW, P, Q } = sizes;
      const count = (N * Math.ceil(H / KH) * Math.ceil(W / KW) * C) / 4;
      const { workgroups, ...grid } = gridFor(count, device, { software: 16 });
      const constants = { N, H, W, C, KH, KW, P, Q, ...grid };
      return { dispatches: [{ shader: 'max_pool2d/input_gradient_quads', constants, workgroups }] };
    },
  };
}

export const maxPool2dInputGradient: Primitive<'x' | 'dy', 'dx', PoolAttributes> = {
  name: 'max_pool2d/input_gradient',
  inputs: ['x', 'dy'],
  outputs: ['dx'],
  shape: ({ x }) => ({ dx: x.shape }),
  cost: (context) => ({
    flops: sizeOf(context.inputs.x.shape) * sizeOf(context.attributes.window),
    bytes: bytesTouched(context),
  }),
  variants: [
    apartQuads('software'),
    apart('software'),
    apartQuads('gpu'),
    apart('gpu'),
    baselineVariant(
      ({ inputs, attributes, device }) => {
        const { workgroups, ...grid } = gridFor(sizeOf(inputs.x.shape), device, { software: 32 });
        const constants = windowConstants(inputs.x.shape, attributes.window, inputs.dy.shape, attributes);
        return {
          dispatches: [
            { shader: 'max_pool2d/input_gradient', constants: { ...constants, ...grid }, workgroups },
          ],
        };
      },
      { hasEpilogue: true },
    ),
  ],
};

/** The elements of g where x has the maxima of its windows: the transpose of the input gradient. */
export const maxPool2dGather: Primitive<'x' | 'g', 'y', PoolAttributes> = {
  name: 'max_pool2d/gather',
  inputs: ['x', 'g'],
  outputs: ['y'],
  shape: ({ x }, attributes) => pooled.shape({ x }, attributes),
  cost: (context) => ({
    flops: sizeOf(context.outputs.y.shape) * sizeOf(context.attributes.window),
    bytes: bytesTouched(context),
  }),
  variants: [
    baselineVariant(
      ({ inputs: { x }, outputs: { y }, attributes, device }) => {
        const { workgroups, ...grid } = gridFor(sizeOf(y.shape), device, { software: 32 });
        const window = windowConstants(x.shape, attributes.window, y.shape, attributes);
        return {
          dispatches: [{ shader: 'max_pool2d/gather', constants: { ...window, ...grid }, workgroups }],
        };
      },
      { hasEpilogue: true },
    ),
  ],
};

// Both are linear in their second operand, and each is the gradient of the other.
const maxPool2dGradientOp: Op<'x' | 'dy', 'dx', PoolAttributes> = opOf(
  maxPool2dInputGradient,
  ({ inputs: { x }, attributes, gradients }) => ({
    x: null,
    dy: () => apply(maxPool2dGatherOp, { x, g: gradients.dx as Tensor }, attributes).y,
  }),
);

const maxPool2dGatherOp: Op<'x' | 'g', 'y', PoolAttributes> = opOf(
  maxPool2dGather,
  ({ inputs: { x }, attributes, gradients }) => ({
    x: null,
    g: () => apply(maxPool2dGradientOp, { x, dy: gradients.y as Tensor }, attributes).dx,
  }),
);

export const maxPool2dOp: Op<'x', 'y', PoolAttributes> = {
  name: 'max_pool2d',
  primitives: [maxPool2dForward, maxPool2dInputGradient, maxPool2dGather],
  forward: (inputs, attributes) => runPrimitive(maxPool2dForward, inputs, attributes),
  backward: ({ inputs: { x }, attributes, gradients }) => ({
    x: () => apply(maxPool2dGradientOp, { x, dy: gradients.y as Tensor }, attributes).dx,
  }),
};

/**
 * 2-D max-pooling, channels last.
 *
 *   y[n,p,q,c] = max_{i,j} x[n, p·stride + i − pad, q·stride + j − pad, c]
 *
 * Pixels outside x do not count; with `ceilMode`, windows may end beyond x, as in PyTorch. A window with a NaN gives NaN, and its gradient goes to the first NaN.
 * Shapes: x [N,H,W,C] → y [N,P,Q,C].
 * Throws: ShapeError when x has not four axes or the window exceeds it.
 */
export function maxPool2d(x: Tensor, options: PoolOptions = {}): Tensor {
  return apply(maxPool2dOp, { x }, poolAttributes('maxPool2d', x, options)).y;
}
