/** Elements along an axis by their indices, each row its own. */
import inputGradientWgsl from '../../shaders/take_along_axis/input_gradient.wgsl';
import { checkArgument } from '../calls.js';
import { type Op, apply, opOf } from '../engine/op.js';
import { type Primitive, type Shape, sizeOf } from '../engine/primitive.js';
import { runPrimitive } from '../engine/program.js';
import { registerShaders } from '../engine/shader.js';
import { type Tensor, checkTensors, describe } from '../engine/tensor.js';
import { ShapeError } from '../errors.js';
import { elementwisePrimitive, nonFinite } from './elementwise.js';
import { bytesTouched, baselineVariant, gridFor } from './grid.js';
import { aroundAxes, axisRuns, oneAxis } from './sum.js';

registerShaders({ 'take_along_axis/input_gradient': inputGradientWgsl });

type TakeAttributes = {
  readonly axis: number;
  /** The extents of x. */
  readonly shape: Shape;
  /** The extent of y along the axis. */
  readonly taken: number;
};

export const takeForward: Primitive<'x' | 'indices', 'y', TakeAttributes> = elementwisePrimitive(
  'take_along_axis/forward',
  ['x', 'indices'],
  {
    whole: ['x'],
    helpers: nonFinite,
    // `indices` has the shape of y, so that `index` divides by its extents.
    expression: ({ x, indices }, { axis, shape, taken }, index) => {
      const { reduced, inner } = aroundAxes(shape, { first: axis, last: axis });
      const row = `${index} / ${taken * inner}u * ${reduced}u`;
      return `select(nan(), ${x}[(${row} + ${indices}) * ${inner}u + ${index} % ${inner}u], ${indices} < ${reduced}u)`;
    },
  },
  () => ({ indices: 'u32' }),
);

export const takeInputGradient: Primitive<'indices' | 'dy', 'dx', TakeAttributes> = {
  name: 'take_along_axis/input_gradient',
  inputs: ['indices', 'dy'],
  outputs: ['dx'],
  types: () => ({ indices: 'u32' }),
  shape: (_, { shape }) => ({ dx: shape }),
  cost: (context) => ({ flops: sizeOf(context.inputs.dy.shape), bytes: bytesTouched(context) }),
  variants: [
    baselineVariant(
      ({ attributes: { axis, shape, taken: TAKEN }, device }) => {
        const {
          outer: OUTER,
          reduced: EXTENT,
          inner: INNER,
        } = aroundAxes(shape, { first: axis, last: axis });
        const { WORKGROUP, workgroups } = gridFor(sizeOf(shape), device);
        const constants = { OUTER, EXTENT, TAKEN, INNER, CHANNELS: shape.at(-1)!, WORKGROUP };
        return { dispatches: [{ shader: 'take_along_axis/input_gradient', constants, workgroups }] };
      },
      { hasEpilogue: true },
    ),
  ],
};

// Both are linear, and each is the gradient of the other.
const takeGradientOp: Op<'indices' | 'dy', 'dx', TakeAttributes> = opOf(
  takeInputGradient,
  ({ inputs: { indices }, attributes, gradients }) => ({
    indices: null,
    dy: () => apply(takeAlongAxisOp, { x: gradients.dx as Tensor, indices }, attributes).y,
  }),
);

export const takeAlongAxisOp: Op<'x' | 'indices', 'y', TakeAttributes> = {
  name: 'take_along_axis',
  primitives: [takeForward, takeInputGradient],
  forward: (inputs, attributes) => runPrimitive(takeForward, inputs, attributes),
  backward: ({ inputs: { indices }, attributes, gradients }) => ({
    x: () => apply(takeGradientOp, { indices, dy: gradients.y as Tensor }, attributes).dx,
    indices: null,
  }),
};

/**
 * Elements of x along an axis by their indices, each row its own, as from `topK` or `argMax` with `keepDims`.
 *
 *   y[o,j,i] = x[o, indices[o,j,i], i], and NaN for an index beyond the extent of x
 *
 * Shapes: x [O,K,I], indices [O,J,I] u32 → y [O,J,I], with any axes O and I; a negative axis counts from the last one.
 * The gradient of an element is the sum over the places that it was taken to.
 * Throws: ShapeError if there is no such axis, or the other extents differ.
 * Source: NumPy, take_along_axis; PyTorch calls it gather.
 */
export function takeAlongAxis(x: Tensor, indices: Tensor, axis = -1): Tensor {
  checkTensors('takeAlongAxis', { x, indices });
  checkArgument('takeAlongAxis', 'axis', axis, oneAxis);
  const { first } = axisRuns('takeAlongAxis', x, axis)[0]!;
  const others = (shape: Shape): string => shape.map((extent, i) => (i === first ? '' : extent)).join();
  if (others(x.shape) !== others(indices.shape))
    throw new ShapeError(
      `takeAlongAxis: indices is ${describe(indices)} for x ${describe(x)}, expected equal extents except along axis ${axis}.`,
    );
  return apply(takeAlongAxisOp, { x, indices }, { axis: first, shape: x.shape, taken: indices.shape[first]! })
    .y;
}
