/** Elements by their indices along an axis. Letters: x the tensor, y the elements, dy its gradient; o, k the other axes. */
import nonFiniteWgsl from '../../shaders/floats/non_finite.wgsl';
import forwardWgsl from '../../shaders/gather/forward.wgsl';
import indexWgsl from '../../shaders/gather/index.wgsl';
import inputGradientWgsl from '../../shaders/gather/input_gradient.wgsl';
import inputGradientChainWgsl from '../../shaders/gather/input_gradient_chain.wgsl';
import { ShapeError } from '../errors.js';
import { type Op, apply, opOf } from '../engine/op.js';
import { type DType, type Primitive, type Shape, sizeOf } from '../engine/primitive.js';
import { runPrimitive } from '../engine/program.js';
import { registerShaders } from '../engine/shader.js';
import { type Tensor, checkTensors, describe } from '../engine/tensor.js';
import { checkArgument } from '../calls.js';
import { aroundAxis, axisOf, integerRule } from './axes.js';
import { baselineVariant, bytesTouched, gridFor } from './grid.js';

registerShaders({
  'floats/non_finite': nonFiniteWgsl,
  'gather/forward': forwardWgsl,
  'gather/index': indexWgsl,
  'gather/input_gradient': inputGradientWgsl,
  'gather/input_gradient_chain': inputGradientChainWgsl,
});

type GatherAttributes = {
  readonly axis: number;
  /** Whether an index outside x gives 0 and not NaN, as in the gradient of the gradient. */
  readonly isZeroOutside: boolean;
};

/** Integers may also be stored as f32, as data often are. */
const indexTypes = ({ indices }: { readonly indices: DType }) =>
  indices === 'f32' ? {} : { indices: 'u32' as const };

export const gatherForward: Primitive<'x' | 'indices', 'y', GatherAttributes> = {
  name: 'gather/forward',
  inputs: ['x', 'indices'],
  outputs: ['y'],
  types: indexTypes,
  shape: ({ x, indices }, { axis }) => ({ y: x.shape.toSpliced(axis, 1, ...indices.shape) }),
  cost: ({ inputs: { indices }, outputs: { y } }) => ({
    flops: 0,
    bytes: 4 * (sizeOf(indices.shape) + 2 * sizeOf(y.shape)),
  }),
  variants: [
    baselineVariant(
      ({ inputs: { x, indices }, outputs: { y }, attributes: { axis, isZeroOutside }, device }) => {
        const { workgroups, ...grid } = gridFor(sizeOf(y.shape), device, { software: 64 });
        const [OUTER, COUNT, INNER] = aroundAxis(x.shape, axis);
        const constants = {
          OUTER,
          COUNT,
          INNER,
          PLACES: sizeOf(indices.shape),
          IS_FLOAT: indices.dtype === 'f32' ? 1 : 0,
          ZERO_OUTSIDE: isZeroOutside ? 1 : 0,
          CHANNELS: y.shape.at(-1) ?? 1,
          ...grid,
        };
        return { dispatches: [{ shader: 'gather/forward', constants, workgroups }] };
      },
      { hasEpilogue: true },
    ),
  ],
};

type GatherGradientAttributes = {
  readonly axis: number;
  /** The extents of x. */
  readonly shape: Shape;
};

/** Lists the places of each index first, so that the sums need no atomic operations and have the same order in every run. */
export const gatherInputGradient: Primitive<'dy' | 'indices', 'dx', GatherGradientAttributes> = {
  name: 'gather/input_gradient',
  inputs: ['dy', 'indices'],
  outputs: ['dx'],
  types: indexTypes,
  shape: (_, { shape }) => ({ dx: shape }),
  cost: (context) => ({ flops: sizeOf(context.inputs.dy.shape), bytes: bytesTouched(context) }),
  variants: [
    baselineVariant(
      ({ inputs: { indices }, outputs: { dx }, attributes: { axis }, device }) => {
        const [OUTER, COUNT, INNER] = aroundAxis(dx.shape, axis);
        const PLACES = sizeOf(indices.shape);
        const chain = gridFor(COUNT + PLACES, device);
        const sums = gridFor(sizeOf(dx.shape), device);
        return {
          scratch: { chain: 4 * (COUNT + PLACES) },
          dispatches: [
            {
              shader: 'gather/input_gradient_chain',
              constants: {
                COUNT,
                PLACES,
                IS_FLOAT: indices.dtype === 'f32' ? 1 : 0,
                WORKGROUP: chain.WORKGROUP,
              },
              workgroups: chain.workgroups,
            },
            {
              shader: 'gather/input_gradient',
              constants: {
                OUTER,
                COUNT,
                INNER,
                PLACES,
                CHANNELS: dx.shape.at(-1) ?? 1,
                WORKGROUP: sums.WORKGROUP,
              },
              workgroups: sums.workgroups,
            },
          ],
        };
      },
      { hasEpilogue: true },
    ),
  ],
};

const gatherGradientOp: Op<'dy' | 'indices', 'dx', GatherGradientAttributes> = opOf(
  gatherInputGradient,
  ({ inputs: { indices }, attributes: { axis }, gradients }) => ({
    dy: () => apply(gatherOp, { x: gradients.dx as Tensor, indices }, { axis, isZeroOutside: true }).y,
    indices: null,
  }),
);

export const gatherOp: Op<'x' | 'indices', 'y', GatherAttributes> = {
  name: 'gather',
  primitives: [gatherForward, gatherInputGradient],
  forward: (inputs, attributes) => runPrimitive(gatherForward, inputs, attributes),
  backward: ({ inputs: { x, indices }, attributes: { axis }, gradients: { y: dy } }) => ({
    x: () => apply(gatherGradientOp, { dy: dy as Tensor, indices }, { axis, shape: x.shape }).dx,
    indices: null,
  }),
};

/**
 * The elements of x at the given indices along an axis.
 *
 *   y[o, p, k] = x[o, indices[p], k]
 *
 * Indices are u32, or f32 with integers. Where an index is not one of x's, y is NaN and no gradient flows. The gradient adds
 * up the elements that were read from one place in the order of `indices`, so its bits are the same in every run.
 *
 * Shapes: x [O…, K, I…], indices [P…] → y [O…, P…, I…].
 * Throws: ShapeError if x has no such axis, or for indices of another dtype.
 * Source: TensorFlow.js, `gather`; Keras and NumPy call it take.
 */
export function gather(x: Tensor, indices: Tensor, axis = 0): Tensor {
  checkTensors('gather', { x, indices });
  checkArgument('gather', 'axis', axis, integerRule);
  if (indices.dtype !== 'u32' && indices.dtype !== 'f32')
    throw new ShapeError(`gather: indices is ${describe(indices)}, expected u32, or f32 with integers.`);
  return apply(gatherOp, { x, indices }, { axis: axisOf('gather', x, axis), isZeroOutside: false }).y;
}
