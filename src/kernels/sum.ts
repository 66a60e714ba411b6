/**
 * The sum over axes.
 *
 *   y[…] = Σ x over the given axes
 *
 * A run of adjacent axes is one reduction of x seen as [OUTER, REDUCED, INNER]; non-adjacent axes take one each.
 */
import forwardWgsl from '../../shaders/sum/forward.wgsl';
import { ShapeError } from '../errors.js';
import { type Op, apply, opOf } from '../engine/op.js';
import {
  type Dispatch,
  type Lowering,
  type Primitive,
  type PrimitiveContext,
  type Shape,
  type Spec,
  type Variant,
  sizeOf,
} from '../engine/primitive.js';
import { runPrimitive } from '../engine/program.js';
import { registerShaders } from '../engine/shader.js';
import { type Tensor, checkTensors, describe } from '../engine/tensor.js';
import { checkCall } from '../calls.js';
import { type Rule, type Rules, either, flag, list, rule } from '../options.js';
import { cast } from './cast.js';
import { elementwisePrimitive } from './elementwise.js';
import { bytesTouched, baselineVariant, gridFor } from './grid.js';
import { reshape, unchanged } from './reshape.js';
import { lowerSumGpu } from './sum_gpu.js';

registerShaders({ 'sum/forward': forwardWgsl });

/** Reduces the axes first … last of x. */
export type AxisRun = { readonly first: number; readonly last: number };

/** x as [outer, reduced, inner], given a run of axes. */
export function aroundAxes(
  shape: Shape,
  { first, last }: AxisRun,
): { outer: number; reduced: number; inner: number } {
  return {
    outer: sizeOf(shape.slice(0, first)),
    reduced: sizeOf(shape.slice(first, last + 1)),
    inner: sizeOf(shape.slice(last + 1)),
  };
}

export function withoutAxes(shape: Shape, { first, last }: AxisRun): Shape {
  return [...shape.slice(0, first), ...shape.slice(last + 1)];
}

type Context = PrimitiveContext<'x', 'y', AxisRun>;

/** One run of the kernel over x as [outer, reduced, inner]. */
function sumDispatch(
  [OUTER, REDUCED, INNER]: readonly [number, number, number],
  { SLICES, CHANNELS }: { readonly SLICES: number; readonly CHANNELS: number },
  bindings: Record<string, string>,
  device: Context['device'],
): Dispatch {
  const { WORKGROUP, workgroups } = gridFor(SLICES * OUTER * INNER, device);
  return {
    shader: 'sum/forward',
    constants: { OUTER, REDUCED, INNER, SLICES, CHANNELS, WORKGROUP },
    bindings,
    workgroups,
  };
}

function lowerSum({ inputs, outputs, attributes, device }: Context, slices: number): Lowering {
  const CHANNELS = outputs.y.shape.at(-1) ?? 1;
  const { outer, reduced, inner } = aroundAxes(inputs.x.shape, attributes);
  if (slices === 1)
    return { dispatches: [sumDispatch([outer, reduced, inner], { SLICES: 1, CHANNELS }, {}, device)] };
  return {
    scratch: { partial: slices * outer * inner * 4 },
    dispatches: [
      sumDispatch([outer, reduced, inner], { SLICES: slices, CHANNELS }, { y: 'partial' }, device),
      sumDispatch([1, slices, outer * inner], { SLICES: 1, CHANNELS }, { x: 'partial' }, device),
    ],
  };
}

/**
 * Number of slices, so that a long sum over few outputs still gives every core work, with at least 64 terms each. Sums of a
 * thousand terms take less time than a second dispatch.
 */
function sliceCount({ inputs, attributes }: Context): number {
  const { outer, reduced, inner } = aroundAxes(inputs.x.shape, attributes);
  const slices = reduced <= 1024 ? 1 : Math.min(Math.ceil(512 / (outer * inner)), Math.floor(reduced / 64));
  // Slices of equal length, none empty.
  return slices <= 1 ? 1 : Math.ceil(reduced / Math.ceil(reduced / slices));
}

const sliced: Variant<'x', 'y', AxisRun> = {
  name: 'software_sliced',
  family: 'software',
  hasEpilogue: true,
  supports: (context) => sliceCount(context) > 1,
  lower: (context) => lowerSum(context, sliceCount(context)),
};

const forwardGpu: Variant<'x', 'y', AxisRun> = {
  name: 'gpu',
  family: 'gpu',
  hasEpilogue: true,
  lower: ({ inputs, outputs, attributes, device }) =>
    lowerSumGpu(aroundAxes(inputs.x.shape, attributes), outputs.y.shape.at(-1) ?? 1, device),
};

export const sumForward: Primitive<'x', 'y', AxisRun> = {
  name: 'sum/forward',
  inputs: ['x'],
  outputs: ['y'],
  shape: ({ x }, attributes) => ({ y: withoutAxes(x.shape, attributes) }),
  cost: (context) => ({ flops: sizeOf(context.inputs.x.shape), bytes: bytesTouched(context) }),
  variants: [sliced, forwardGpu, baselineVariant((context) => lowerSum(context, 1), { hasEpilogue: true })],
};

/** dy, with the reduced axes as 1, broadcast along them. */
export const sumInputGradient: Primitive<'dy', 'y', { readonly shape: Shape }> = {
  ...elementwisePrimitive<'dy', { readonly shape: Shape }>('sum/input_gradient', ['dy'], {
    expression: ({ dy }) => dy,
  }),
  shape: (_, { shape }) => ({ y: shape }),
};

const sumGradientOp: Op<'dy', 'y', { readonly shape: Shape }> = opOf(
  sumInputGradient,
  ({ inputs: { dy }, gradients }) => ({ dy: () => sumTo(gradients.y as Tensor, dy.shape) }),
);

export const sumOp: Op<'x', 'y', AxisRun> = {
  name: 'sum',
  primitives: [sumForward, sumInputGradient],
  forward: (inputs, attributes) => runPrimitive(sumForward, inputs, attributes),
  backward: ({ inputs: { x }, attributes: run, gradients }) => ({
    x: () => {
      const dy = reshape(gradients.y as Tensor, keptShape(x.shape, [run]));
      return apply(sumGradientOp, { dy }, { shape: x.shape }).y;
    },
  }),
};

/** Axes given by the caller, sorted, as runs of adjacent axes from the last to the first. */
export function axisRuns(who: string, x: Spec, axes: number | readonly number[] | undefined): AxisRun[] {
  const rank = x.shape.length;
  const list = axes === undefined ? x.shape.map((_, axis) => axis) : typeof axes === 'number' ? [axes] : axes;
  for (const axis of list) {
    if (!Number.isInteger(axis) || axis < -rank || axis >= rank)
      throw new ShapeError(
        `${who}: axis ${axis} does not exist in x ${describe(x)}, expected ${rank === 0 ? 'none, as x is a scalar' : `${-rank} to ${rank - 1}`}.`,
      );
  }
  const sorted = list.map((axis) => (axis < 0 ? axis + rank : axis)).sort((a, b) => a - b);
  const twice = sorted.find((axis, i) => axis === sorted[i - 1]);
  if (twice !== undefined)
    throw new ShapeError(`${who}: axis ${twice} is given twice, expected each axis once.`);
  const runs: AxisRun[] = [];
  for (const axis of sorted) {
    const before = runs.at(-1);
    if (before && before.last === axis - 1) runs[runs.length - 1] = { first: before.first, last: axis };
    else runs.push({ first: axis, last: axis });
  }
  return runs.toReversed();
}

export interface ReduceOptions {
  /** Axes to reduce, negative ones from the end. Default: all. */
  readonly axis?: number | readonly number[];
  /** Keeps the reduced axes with extent 1. */
  readonly keepDims?: boolean;
}

// The shape of the tensor limits the axes.
export const oneAxis = (): Rule => rule('an axis', (value) => typeof value === 'number');
export const axesRule = (): Rule => list('a list of axes', oneAxis());
export const axisRule = (): Rule => either(oneAxis(), axesRule());
export const reduceRules = (): Rules<ReduceOptions> => ({ axis: axisRule(), keepDims: flag });

/** Reduces run by run, then restores the reduced axes as 1 if they are to be kept. */
export function reduceRuns(
  who: string,
  x: Tensor,
  options: ReduceOptions,
  reduce: (x: Tensor, run: AxisRun) => Tensor,
): Tensor {
  checkTensors(who, { x });
  checkCall(who, options, reduceRules);
  const runs = axisRuns(who, x, options.axis);
  const y = runs.length === 0 ? unchanged(x) : runs.reduce(reduce, x);
  return withKeptAxes(y, x, runs, options);
}

/** y, reduced from x over `runs`, with the reduced axes as 1 if they are to be kept. */
export function withKeptAxes(
  y: Tensor,
  x: Tensor,
  runs: readonly AxisRun[],
  { keepDims = false }: ReduceOptions,
): Tensor {
  return keepDims ? reshape(y, keptShape(x.shape, runs)) : y;
}

/** The shape with the axes of `runs` as 1. */
export function keptShape(shape: Shape, runs: readonly AxisRun[]): Shape {
  return shape.map((extent, i) => (runs.some(({ first, last }) => i >= first && i <= last) ? 1 : extent));
}

/**
 * The sum over axes.
 *
 *   y = Σ x
 *
 * Shapes: x any → y without the reduced axes (or with them as 1). An empty list of axes reduces none, as in NumPy.
 * Accuracy: sums in f32, four or more of them interleaved and long ones in blocks. The error of n terms is at most about
 * min(n/4, 128 + n/512) · 2⁻²⁴ · Σ|x|, and usually a few times 2⁻²⁴ · Σ|x|.
 * Throws: ShapeError for an axis that x does not have.
 */
export function sum(x: Tensor, options: ReduceOptions = {}): Tensor {
  return sumFor('sum', x, options);
}

/** `sum`, on behalf of the op that the caller called. */
export function sumFor(who: string, x: Tensor, options: ReduceOptions): Tensor {
  return reduceRuns(who, x, options, (tensor, run) => apply(sumOp, { x: tensor }, run).y);
}

function sumOver(x: Tensor, axis: readonly number[]): Tensor {
  return x.dtype === 'f16' ? cast(sum(cast(x, 'f32'), { axis }), 'f16') : sum(x, { axis });
}

/** Sums a gradient to the shape that was broadcast, in f32 even if it is f16. */
export function sumTo(gradient: Tensor, shape: Shape): Tensor {
  const lead = gradient.shape.length - shape.length;
  const axis = gradient.shape.flatMap((extent, i) =>
    i < lead || (shape[i - lead] === 1 && extent > 1) ? [i] : [],
  );
  const summed = axis.length > 0 ? sumOver(gradient, axis) : gradient;
  return summed.shape.length === shape.length && summed.shape.every((extent, i) => extent === shape[i])
    ? summed
    : reshape(summed, shape);
}
