/**
 * Concatenation along an axis. Letters: a, b two tensors, y the result, dy its gradient; OUTER the product of the extents before
 * the axis, A and B the elements of a and b for each of these.
 */
import forwardWgsl from '../../shaders/concatenate/forward.wgsl';
import inputGradientWgsl from '../../shaders/concatenate/input_gradient.wgsl';
import { ShapeError } from '../errors.js';
import { type Op, apply, opOf } from '../engine/op.js';
import { type Primitive, type Shape, sizeOf } from '../engine/primitive.js';
import { runPrimitive } from '../engine/program.js';
import { registerShaders } from '../engine/shader.js';
import { type Tensor, checkTensors, describe } from '../engine/tensor.js';
import { checkArgument } from '../calls.js';
import { rule } from '../options.js';
import { fill } from './arithmetic.js';
import { baselineVariant, bytesTouched, gridFor } from './grid.js';
import { reshape } from './reshape.js';

registerShaders({
  'concatenate/forward': forwardWgsl,
  'concatenate/input_gradient': inputGradientWgsl,
});

type ConcatenateAttributes = { readonly axis: number };

/** On a software device, copying an element costs less than a workgroup. */
const copies = { software: 64 };

function joined(a: Shape, b: Shape, axis: number): Shape {
  return a.map((extent, i) => (i === axis ? extent + b[i]! : extent));
}

const concatenateForward: Primitive<'a' | 'b', 'y', ConcatenateAttributes> = {
  name: 'concatenate/forward',
  inputs: ['a', 'b'],
  outputs: ['y'],
  shape: ({ a, b }, { axis }) => ({ y: joined(a.shape, b.shape, axis) }),
  cost: (context) => ({ flops: 0, bytes: bytesTouched(context) }),
  variants: [
    baselineVariant(
      ({ inputs: { a, b }, outputs: { y }, attributes: { axis }, device }) => {
        const { workgroups, ...grid } = gridFor(sizeOf(y.shape), device, copies);
        const constants = {
          OUTER: sizeOf(y.shape.slice(0, axis)),
          A: sizeOf(a.shape.slice(axis)),
          B: sizeOf(b.shape.slice(axis)),
          CHANNELS: y.shape.at(-1)!,
          ...grid,
        };
        return { dispatches: [{ shader: 'concatenate/forward', constants, workgroups }] };
      },
      { hasEpilogue: true },
    ),
  ],
};

type PartAttributes = ConcatenateAttributes & { readonly first: number; readonly extent: number };

/** The slice of dy along `axis` from `first` with length `extent`. */
const concatenateInputGradient: Primitive<'dy', 'dx', PartAttributes> = {
  name: 'concatenate/input_gradient',
  inputs: ['dy'],
  outputs: ['dx'],
  shape: ({ dy }, { axis, extent }) => ({ dx: dy.shape.with(axis, extent) }),
  cost: ({ outputs: { dx } }) => ({ flops: 0, bytes: 2 * 4 * sizeOf(dx.shape) }),
  variants: [
    baselineVariant(
      ({ inputs: { dy }, outputs: { dx }, attributes: { axis, first }, device }) => {
        const { workgroups, ...grid } = gridFor(sizeOf(dx.shape), device, copies);
        const constants = {
          OUTER: sizeOf(dx.shape.slice(0, axis)),
          TOTAL: sizeOf(dy.shape.slice(axis)),
          FIRST: first * sizeOf(dy.shape.slice(axis + 1)),
          PART: sizeOf(dx.shape.slice(axis)),
          CHANNELS: dx.shape.at(-1)!,
          ...grid,
        };
        return { dispatches: [{ shader: 'concatenate/input_gradient', constants, workgroups }] };
      },
      { hasEpilogue: true },
    ),
  ],
};

/** The gradient of a part is 0 around it. */
const concatenateGradientOp: Op<'dy', 'dx', PartAttributes> = opOf(
  concatenateInputGradient,
  ({ inputs: { dy }, attributes: { axis, first, extent }, gradients }) => ({
    dy: () => {
      const zeros = (places: number): Tensor[] => (places > 0 ? [fill(dy.shape.with(axis, places), 0)] : []);
      const after = dy.shape[axis]! - first - extent;
      return join([...zeros(first), gradients.dx as Tensor, ...zeros(after)], axis);
    },
  }),
);

export const concatenateOp: Op<'a' | 'b', 'y', ConcatenateAttributes> = {
  name: 'concatenate',
  primitives: [concatenateForward, concatenateInputGradient],
  forward: (inputs, attributes) => runPrimitive(concatenateForward, inputs, attributes),
  backward: ({ inputs: { a, b }, attributes: { axis }, gradients: { y: dy } }) => {
    const part = (first: number, extent: number): Tensor =>
      apply(concatenateGradientOp, { dy: dy as Tensor }, { axis, first, extent }).dx;
    const [A, B] = [a.shape[axis]!, b.shape[axis]!];
    return { a: () => part(0, A), b: () => part(A, B) };
  },
};

const tensorsRule = () =>
  rule('a list of one or more tensors', (value) => Array.isArray(value) && value.length > 0);
const axisRule = () => rule('an integer', Number.isSafeInteger);

/**
 * Concatenates tensors along an axis; a negative axis counts from the last one.
 *
 *   y[…,k,…] = x₀[…,k,…] for k < K₀, else x₁[…,k − K₀,…] for k < K₀ + K₁, …
 *
 * Shapes: xᵢ equal except for their extents Kᵢ along the axis → y with the extent Σ Kᵢ there.
 * Throws: UsageError for anything but a list of tensors; ShapeError if there is no such axis, or the shapes differ elsewhere.
 */
export function concatenate(tensors: readonly Tensor[], axis = -1): Tensor {
  checkArgument('concatenate', 'tensors', tensors, tensorsRule);
  checkArgument('concatenate', 'axis', axis, axisRule);
  checkTensors('concatenate', Object.fromEntries(tensors.map((tensor, i) => [`tensors[${i}]`, tensor])));
  const [first] = tensors as readonly [Tensor, ...Tensor[]];
  const rank = first.shape.length;
  const at = axis < 0 ? axis + rank : axis;
  if (at < 0 || at >= rank)
    throw new ShapeError(`concatenate: axis ${axis} is not one of the ${rank} axes of ${describe(first)}.`);
  const common = (shape: Shape): string => shape.map((extent, i) => (i === at ? '' : extent)).join();
  const odd = tensors.find(({ shape }) => shape.length !== rank || common(shape) !== common(first.shape));
  if (odd)
    throw new ShapeError(
      `concatenate: the tensors are ${describe(first)} and ${describe(odd)}, expected equal extents except along axis ${axis}.`,
    );
  return join(tensors, at);
}

/** Joins halves recursively, so that with many tensors each element is copied only a few times. */
function join(tensors: readonly Tensor[], axis: number): Tensor {
  const [only] = tensors;
  if (only && tensors.length === 1) return reshape(only, only.shape);
  const half = Math.ceil(tensors.length / 2);
  const operand = (some: readonly Tensor[]): Tensor => (some.length === 1 ? some[0]! : join(some, axis));
  return apply(
    concatenateOp,
    { a: operand(tensors.slice(0, half)), b: operand(tensors.slice(half)) },
    { axis },
  ).y;
}
