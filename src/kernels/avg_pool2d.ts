/** Average pooling over windows, channels last; pixels outside the image count in no mean. */
import { ShapeError } from '../errors.js';
import { type Op, apply } from '../engine/op.js';
import { type Pass, type Shape, sizeOf } from '../engine/pass.js';
import { runPass } from '../engine/program.js';
import { type Tensor, describe } from '../engine/tensor.js';
import { bytesTouched, clearVariant, gridFor } from './grid.js';
import type { PoolAttributes, PoolOptions } from './max_pool2d.js';
import { pair, windowAttributes, windowConstants, windowCounts } from './window.js';

export const avgPool2dForward: Pass<'x', 'y', PoolAttributes> = {
  name: 'avg_pool2d/forward',
  inputs: ['x'],
  outputs: ['y'],
  shape: ({ x }, attributes) => {
    const [N, , , C] = x.shape as [number, number, number, number];
    const counts = windowCounts(x.shape, attributes.window as [number, number], attributes);
    return { y: { shape: [N, ...counts, C], dtype: 'f32' } };
  },
  cost: (context) => ({
    flops: sizeOf(context.outputs.y.shape) * sizeOf(context.attributes.window),
    bytes: bytesTouched(context),
  }),
  variants: [
    clearVariant(
      ({ inputs: { x }, outputs: { y }, attributes, device }) => {
        const { workgroups, ...grid } = gridFor(sizeOf(y.shape), device, { software: 32 });
        const window = windowConstants(x.shape, attributes.window as [number, number], y.shape, attributes);
        return {
          dispatches: [{ shader: 'avg_pool2d/forward', constants: { ...window, ...grid }, workgroups }],
        };
      },
      { hasEpilogue: true },
    ),
  ],
};

interface GradientAttributes extends PoolAttributes {
  /** The shape of x, whose values the gradient does not need. */
  readonly image: Shape;
}

export const avgPool2dInputGradient: Pass<'dy', 'dx', GradientAttributes> = {
  name: 'avg_pool2d/input_gradient',
  inputs: ['dy'],
  outputs: ['dx'],
  shape: (_, { image }) => ({ dx: { shape: image, dtype: 'f32' } }),
  cost: (context) => ({
    flops: sizeOf(context.inputs.dy.shape) * sizeOf(context.attributes.window),
    bytes: bytesTouched(context),
  }),
  variants: [
    clearVariant(
      ({ inputs: { dy }, attributes, device }) => {
        const { image } = attributes;
        const { workgroups, ...grid } = gridFor(sizeOf(image), device, { software: 32 });
        const window = windowConstants(image, attributes.window as [number, number], dy.shape, attributes);
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

export const avgPool2dOp: Op<'x', 'y', PoolAttributes> = {
  name: 'avg_pool2d',
  passes: [avgPool2dForward, avgPool2dInputGradient],
  forward: (inputs, attributes) => runPass(avgPool2dForward, inputs, attributes),
  backward: ({ inputs: { x }, attributes, gradients }) => ({
    x: () =>
      runPass(avgPool2dInputGradient, { dy: gradients.y as Tensor }, { ...attributes, image: x.shape }).dx,
  }),
};

/**
 * 2-D average pooling, channels last.
 *
 *   y[n,p,q,c] = mean over (i,j) of x[n, p·stride + i − pad, q·stride + j − pad, c]
 *
 * Pixels outside x do not take part: with padding 'same' a window at the edge is divided by the number of its pixels
 * in x, as in TensorFlow. Shapes: x [N,H,W,C] → y [N,P,Q,C].
 * Throws: ShapeError when x has not four axes or the window exceeds it.
 */
export function avgPool2d(
  x: Tensor,
  { poolSize = 2, strides = poolSize, padding = 'valid' }: PoolOptions = {},
): Tensor {
  if (x.shape.length !== 4)
    throw new ShapeError(`avgPool2d: x is ${describe(x)}, expected four axes [N,H,W,C].`);
  const window = pair(poolSize);
  const attributes = { ...windowAttributes('avgPool2d', x.shape, window, pair(strides), padding), window };
  return apply(avgPool2dOp, { x }, attributes).y;
}
