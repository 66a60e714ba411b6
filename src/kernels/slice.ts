/** Regular parts of a tensor. Letters: x the tensor, y the part, dy its gradient. */
import forwardWgsl from '../../shaders/slice/forward.wgsl';
import inputGradientWgsl from '../../shaders/slice/input_gradient.wgsl';
import { ShapeError } from '../errors.js';
import { type Op, apply, opOf } from '../engine/op.js';
import { type Primitive, type Shape, sizeOf } from '../engine/primitive.js';
import { runPrimitive } from '../engine/program.js';
import { registerShaders } from '../engine/shader.js';
import { type Tensor, checkTensors, describe } from '../engine/tensor.js';
import { checkArgument } from '../calls.js';
import { either } from '../options.js';
import { aroundAxis, axisOf, integerRule, integersRule, mostAxes, perAxis } from './axes.js';
import { baselineVariant, gridFor } from './grid.js';
import { reshape, unchanged } from './reshape.js';
import { stridesOf } from './transpose.js';

registerShaders({ 'slice/forward': forwardWgsl, 'slice/input_gradient': inputGradientWgsl });

/** On a software device, copying an element costs less than a workgroup. */
const copies = { software: 64 };

/** One entry per axis: y's element j is x's element begin + j · strides. */
type SliceAttributes = {
  readonly begin: readonly number[];
  /** The extents of y. */
  readonly size: readonly number[];
  readonly strides: readonly number[];
};

export const sliceForward: Primitive<'x', 'y', SliceAttributes> = {
  name: 'slice/forward',
  inputs: ['x'],
  outputs: ['y'],
  shape: (_, { size }) => ({ y: size }),
  cost: ({ outputs: { y } }) => ({ flops: 0, bytes: 2 * 4 * sizeOf(y.shape) }),
  variants: [
    baselineVariant(
      ({ inputs: { x }, attributes: { begin, size, strides }, device }) => {
        const { workgroups, ...grid } = gridFor(sizeOf(size), device, copies);
        const elements = stridesOf(x.shape);
        const constants = {
          Y: perAxis('vec4u', size, 1),
          FIRST: begin.reduce((sum, index, axis) => sum + index * elements[axis]!, 0),
          STEP: perAxis(
            'vec4i',
            strides.map((stride, axis) => stride * elements[axis]!),
            0,
          ),
          ...grid,
        };
        return { dispatches: [{ shader: 'slice/forward', constants, workgroups }] };
      },
      { hasEpilogue: true },
    ),
  ],
};

type SliceGradientAttributes = SliceAttributes & {
  /** The extents of x. */
  readonly shape: Shape;
};

export const sliceInputGradient: Primitive<'dy', 'dx', SliceGradientAttributes> = {
  name: 'slice/input_gradient',
  inputs: ['dy'],
  outputs: ['dx'],
  shape: (_, { shape }) => ({ dx: shape }),
  cost: ({ inputs: { dy }, outputs: { dx } }) => ({
    flops: 0,
    bytes: 4 * (sizeOf(dy.shape) + sizeOf(dx.shape)),
  }),
  variants: [
    baselineVariant(
      ({ attributes: { begin, size, strides, shape }, device }) => {
        const { workgroups, ...grid } = gridFor(sizeOf(shape), device, copies);
        const constants = {
          X: perAxis('vec4u', shape, 1),
          Y: perAxis('vec4i', size, 1),
          BEGIN: perAxis('vec4i', begin, 0),
          STRIDE: perAxis('vec4i', strides, 1),
          ...grid,
        };
        return { dispatches: [{ shader: 'slice/input_gradient', constants, workgroups }] };
      },
      { hasEpilogue: true },
    ),
  ],
};

/** The gradient is 0 outside the slice; its own gradient is the slice. */
const sliceGradientOp: Op<'dy', 'dx', SliceGradientAttributes> = opOf(
  sliceInputGradient,
  ({ attributes: { begin, size, strides }, gradients }) => ({
    dy: () => apply(sliceOp, { x: gradients.dx as Tensor }, { begin, size, strides }).y,
  }),
);

export const sliceOp: Op<'x', 'y', SliceAttributes> = {
  name: 'slice',
  primitives: [sliceForward, sliceInputGradient],
  forward: (inputs, attributes) => runPrimitive(sliceForward, inputs, attributes),
  backward: ({ inputs: { x }, attributes, gradients: { y: dy } }) => ({
    x: () => apply(sliceGradientOp, { dy: dy as Tensor }, { ...attributes, shape: x.shape }).dx,
  }),
};

/** Slices all axes at once, or, if there are more than the kernel takes, one by one. */
function sliced(x: Tensor, { begin, size, strides }: SliceAttributes): Tensor {
  if (x.shape.length <= mostAxes) return apply(sliceOp, { x }, { begin, size, strides }).y;
  let y = unchanged(x);
  x.shape.forEach((extent, axis) => {
    if (begin[axis] === 0 && size[axis] === extent && strides[axis] === 1) return;
    const [before, , after] = aroundAxis(y.shape, axis);
    const part = apply(
      sliceOp,
      { x: reshape(y, [before, extent, after]) },
      {
        begin: [0, begin[axis]!, 0],
        size: [before, size[axis]!, after],
        strides: [1, strides[axis]!, 1],
      },
    ).y;
    y = reshape(part, y.shape.with(axis, size[axis]!));
  });
  return y;
}

const perAxisRule = () => either(integerRule(), integersRule());

/**
 * A regular part of a tensor.
 *
 *   y[j₀, j₁, …] = x[begin₀ + j₀·strides₀, begin₁ + j₁·strides₁, …]
 *
 * One number is for the first axis; axes without an entry are taken whole. `size` holds the extents of y; −1 takes as many
 * elements as there are. A negative `begin` counts from the end. A negative stride walks backwards, `strides` is 1 by default.
 *
 * Shapes: x any → y with the extents `size`.
 * Throws: UsageError for what is not an integer; ShapeError for a part that is empty or not inside x.
 * Source: TensorFlow.js, `slice`; the strides are NumPy's.
 */
export function slice(
  x: Tensor,
  begin: number | readonly number[],
  size: number | readonly number[] = -1,
  strides: number | readonly number[] = 1,
): Tensor {
  checkTensors('slice', { x });
  checkArgument('slice', 'begin', begin, perAxisRule);
  checkArgument('slice', 'size', size, perAxisRule);
  checkArgument('slice', 'strides', strides, perAxisRule);
  const entries = (given: number | readonly number[], whole: number, name: string): number[] => {
    const some = [given].flat();
    if (some.length > x.shape.length)
      throw new ShapeError(`slice: ${name} has ${some.length} entries for the axes of x ${describe(x)}.`);
    return x.shape.map((_, axis) => some[axis] ?? whole);
  };
  const steps = entries(strides, 1, 'strides');
  const first = entries(begin, 0, 'begin').map((index, axis) => {
    const extent = x.shape[axis]!;
    const at = index < 0 ? index + extent : index;
    if (at < 0 || at >= extent)
      throw new ShapeError(
        `slice: begin is ${index} along axis ${axis} of x ${describe(x)}, expected ${-extent} to ${extent - 1}.`,
      );
    return at;
  });
  const counts = entries(size, -1, 'size').map((count, axis) => {
    const [at, step] = [first[axis]!, steps[axis]!];
    if (step === 0) throw new ShapeError(`slice: strides is 0 along axis ${axis}, expected another integer.`);
    const most = Math.floor((step > 0 ? x.shape[axis]! - 1 - at : at) / Math.abs(step)) + 1;
    if (count === 0 || count < -1 || count > most)
      throw new ShapeError(
        `slice: size is ${count} along axis ${axis} of x ${describe(x)}, expected 1 to ${most}, or −1 for ${most}.`,
      );
    return count === -1 ? most : count;
  });
  return sliced(x, { begin: first, size: counts, strides: steps });
}

/** The part of x from `begin` with length `size` along an axis. */
export function partOf(x: Tensor, axis: number, begin: number, size: number): Tensor {
  return sliced(x, {
    begin: x.shape.map((_, i) => (i === axis ? begin : 0)),
    size: x.shape.with(axis, size),
    strides: x.shape.map(() => 1),
  });
}

/**
 * The elements in reverse order along the given axes, by default all.
 *
 *   y[…, j, …] = x[…, K − 1 − j, …]
 *
 * Throws: ShapeError for an axis that x does not have.
 * Source: TensorFlow.js, `reverse`; Keras and PyTorch call it flip.
 */
export function reverse(x: Tensor, axis?: number | readonly number[]): Tensor {
  checkTensors('reverse', { x });
  if (axis !== undefined) checkArgument('reverse', 'axis', axis, perAxisRule);
  const given = axis === undefined ? x.shape.keys() : [axis].flat();
  const axes = new Set(Array.from(given, (each) => axisOf('reverse', x, each)));
  return sliced(x, {
    begin: x.shape.map((extent, i) => (axes.has(i) ? extent - 1 : 0)),
    size: x.shape,
    strides: x.shape.map((_, i) => (axes.has(i) ? -1 : 1)),
  });
}
