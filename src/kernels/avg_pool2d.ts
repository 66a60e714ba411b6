/** Average pooling over windows, channels last; pixels outside the image do not count. */
import forwardWgsl from '../../shaders/avg_pool2d/forward.wgsl';
import inputGradientWgsl from '../../shaders/avg_pool2d/input_gradient.wgsl';
import gradientWindowsWgsl from '../../shaders/pool2d/gradient_windows.wgsl';
import windowsWgsl from '../../shaders/pool2d/windows.wgsl';
import { type Op, apply, opOf } from '../engine/op.js';
import { type Primitive, type Shape, sizeOf } from '../engine/primitive.js';
import { runPrimitive } from '../engine/program.js';
import { registerShaders } from '../engine/shader.js';
import type { Tensor } from '../engine/tensor.js';
import { bytesTouched, baselineVariant, gridFor } from './grid.js';
import { type PoolAttributes, type PoolOptions, poolAttributes, poolForward } from './pool2d.js';
import { windowConstants } from './window.js';

registerShaders({
  'avg_pool2d/forward': forwardWgsl,
  'avg_pool2d/input_gradient': inputGradientWgsl,
  'pool2d/gradient_windows': gradientWindowsWgsl,
  'pool2d/windows': windowsWgsl,
});

export const avgPool2dForward = poolForward('avg_pool2d/forward');

interface GradientAttributes extends PoolAttributes {
  /** The shape of x, whose values the gradient does not need. */
  readonly image: Shape;
}

export const avgPool2dInputGradient: Primitive<'dy', 'dx', GradientAttributes> = {
  name: 'avg_pool2d/input_gradient',
  inputs: ['dy'],
  outputs: ['dx'],
  shape: (_, { image }) => ({ dx: image }),
  cost: (context) => ({
    flops: sizeOf(context.inputs.dy.shape) * sizeOf(context.attributes.window),
    bytes: bytesTouched(context),
  }),
  variants: [
    baselineVariant(
      ({ inputs: { dy }, attributes, device }) => {
        const { image } = attributes;
        const { workgroups, ...grid } = gridFor(sizeOf(image), device, { software: 32 });
        const window = windowConstants(image, attributes.window, dy.shape, attributes);
        return {
          dispatches: [
            { shader: 'avg_pool2d/input_gradient', constants: { ...window, ...grid }, workgroups },
          ],
        };
      },
      { hasEpilogue: true },
    ),
  ],
};

const avgPool2dGradientOp: Op<'dy', 'dx', GradientAttributes> = opOf(
  avgPool2dInputGradient,
  ({ attributes: { image: _, ...attributes }, gradients }) => ({
    dy: () => apply(avgPool2dOp, { x: gradients.dx as Tensor }, attributes).y,
  }),
);

export const avgPool2dOp: Op<'x', 'y', PoolAttributes> = {
  name: 'avg_pool2d',
  primitives: [avgPool2dForward, avgPool2dInputGradient],
  forward: (inputs, attributes) => runPrimitive(avgPool2dForward, inputs, attributes),
  backward: ({ inputs: { x }, attributes, gradients }) => ({
    x: () => apply(avgPool2dGradientOp, { dy: gradients.y as Tensor }, { ...attributes, image: x.shape }).dx,
  }),
};

/**
 * 2-D average pooling, channels last.
 *
 *   y[n,p,q,c] = mean over (i,j) of x[n, p·stride + i − pad, q·stride + j − pad, c]
 *
 * Pixels outside x do not count: with padding 'same', the sum of a window at the edge is divided by the number of
 * its pixels in x, as in TensorFlow; so is that of a window that ends beyond x with `ceilMode`. Shapes: x [N,H,W,C] → y [N,P,Q,C].
 * Throws: ShapeError when x has not four axes or the window exceeds it.
 */
export function avgPool2d(x: Tensor, options: PoolOptions = {}): Tensor {
  return apply(avgPool2dOp, { x }, poolAttributes('avgPool2d', x, options)).y;
}
