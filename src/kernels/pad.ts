/** Padding of any axes. Letters: x the tensor, y the padded one, dy its gradient. */
import forwardWgsl from '../../shaders/pad/forward.wgsl';
import inputGradientWgsl from '../../shaders/pad/input_gradient.wgsl';
import { ShapeError } from '../errors.js';
import { type Op, apply, opOf } from '../engine/op.js';
import { type Primitive, type Shape, sizeOf } from '../engine/primitive.js';
import { runPrimitive } from '../engine/program.js';
import { registerShaders } from '../engine/shader.js';
import { type Tensor, checkTensors, describe } from '../engine/tensor.js';
import { checkArgument, checkCall } from '../calls.js';
import { type Rules, countOrZero, finite, list, oneOf } from '../options.js';
import { aroundAxis, mostAxes, perAxis } from './axes.js';
import { bytesTouched, baselineVariant, gridFor } from './grid.js';
import { reshape, unchanged } from './reshape.js';
import { sliceOp } from './slice.js';

registerShaders({ 'pad/forward': forwardWgsl, 'pad/input_gradient': inputGradientWgsl });

/** In the order of the shaders' numbers. */
const modes = ['constant', 'edge', 'reflect', 'symmetric'] as const;
type PadMode = (typeof modes)[number];

/** `before` and `after` hold one entry per axis. */
type PadAttributes = {
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly mode: PadMode;
  /** Of the elements outside x, if the mode is constant. */
  readonly value: number;
};

export const padForward: Primitive<'x', 'y', PadAttributes> = {
  name: 'pad/forward',
  inputs: ['x'],
  outputs: ['y'],
  scalars: ['value'],
  shape: ({ x }, { before, after }) => ({
    y: x.shape.map((extent, axis) => before[axis]! + extent + after[axis]!),
  }),
  cost: (context) => ({ flops: 0, bytes: bytesTouched(context) }),
  variants: [
    baselineVariant(
      ({ inputs: { x }, outputs: { y }, attributes: { before, mode, value }, device }) => {
        const { workgroups, ...grid } = gridFor(sizeOf(y.shape), device, { software: 32 });
        const constants = {
          ...paddedConstants(x.shape, y.shape, before, mode),
          ...(mode === 'constant' ? { VALUE: value } : {}),
          ...grid,
        };
        return { dispatches: [{ shader: 'pad/forward', constants, workgroups }] };
      },
      { hasEpilogue: true },
    ),
  ],
};

function paddedConstants(x: Shape, y: Shape, before: readonly number[], mode: PadMode) {
  return {
    X: perAxis('vec4u', x, 1),
    Y: perAxis('vec4u', y, 1),
    BEFORE: perAxis('vec4u', before, 0),
    MODE: modes.indexOf(mode),
  };
}

/** For the modes that copy elements of x. */
export const padInputGradient: Primitive<'dy', 'dx', PadAttributes> = {
  name: 'pad/input_gradient',
  inputs: ['dy'],
  outputs: ['dx'],
  scalars: ['value'],
  shape: ({ dy }, { before, after }) => ({
    dx: dy.shape.map((extent, axis) => extent - before[axis]! - after[axis]!),
  }),
  cost: (context) => ({ flops: sizeOf(context.inputs.dy.shape), bytes: bytesTouched(context) }),
  variants: [
    baselineVariant(
      ({ inputs: { dy }, outputs: { dx }, attributes: { before, mode }, device }) => {
        const { workgroups, ...grid } = gridFor(sizeOf(dx.shape), device, { software: 16 });
        const constants = { ...paddedConstants(dx.shape, dy.shape, before, mode), ...grid };
        return { dispatches: [{ shader: 'pad/input_gradient', constants, workgroups }] };
      },
      { hasEpilogue: true },
    ),
  ],
};

const padGradientOp: Op<'dy', 'dx', PadAttributes> = opOf(padInputGradient, ({ attributes, gradients }) => ({
  dy: () => apply(padOp, { x: gradients.dx as Tensor }, attributes).y,
}));

export const padOp: Op<'x', 'y', PadAttributes> = {
  name: 'pad',
  primitives: [padForward, padInputGradient],
  scalars: ['value'],
  forward: (inputs, attributes) => runPrimitive(padForward, inputs, attributes),
  backward: ({ inputs: { x }, attributes, gradients: { y: dy } }) => ({
    x: () =>
      attributes.mode === 'constant'
        ? apply(
            sliceOp,
            { x: dy as Tensor },
            { begin: attributes.before, size: x.shape, strides: x.shape.map(() => 1) },
          ).y
        : apply(padGradientOp, { dy: dy as Tensor }, attributes).dx,
  }),
};

export interface PadOptions {
  /**
   * What the elements outside x are: `value`; copies of the nearest element (`edge`); or x mirrored, at the middle of its first
   * and last elements (`reflect`) or at their outer edges (`symmetric`). Default: `constant`.
   */
  readonly mode?: PadMode;
  /** For the mode `constant`. Default 0. */
  readonly value?: number;
}

const paddingsRule = () => list('a pair of non-negative integers per axis', list('', countOrZero, 2));
const rules = (): Rules<PadOptions> => ({ mode: oneOf(modes), value: finite });

/**
 * Adds elements before and after x along each axis, from `paddings` [[before₀, after₀], [before₁, after₁], …].
 *
 *   y[before₀ + i₀, before₁ + i₁, …] = x[i₀, i₁, …]
 *
 * Shapes: x [K₀, K₁, …] → y [before₀ + K₀ + after₀, …].
 * Throws: UsageError for invalid paddings and options; ShapeError if there is not one pair per axis, or if a mirrored padding is
 * longer than what it mirrors: `reflect` has K − 1 elements, `symmetric` K.
 * Source: NumPy, `pad`.
 */
export function pad(
  x: Tensor,
  paddings: readonly (readonly [before: number, after: number])[],
  options: PadOptions = {},
): Tensor {
  checkTensors('pad', { x });
  checkArgument('pad', 'paddings', paddings, paddingsRule);
  checkCall('pad', options, rules);
  const { mode = 'constant', value = 0 } = options;
  if (paddings.length !== x.shape.length)
    throw new ShapeError(
      `pad: paddings has ${paddings.length} pairs for the ${x.shape.length} axes of x ${describe(x)}, expected one per axis.`,
    );
  const [before, after] = [paddings.map((pair) => pair[0]), paddings.map((pair) => pair[1])];
  if (mode === 'reflect' || mode === 'symmetric') {
    x.shape.forEach((extent, axis) => {
      const most = mode === 'reflect' ? extent - 1 : extent;
      if (Math.max(...paddings[axis]!) > most)
        throw new ShapeError(
          `pad: paddings[${axis}] is [${paddings[axis]!.join(',')}] for the extent ${extent}, expected at most ${most} with the mode '${mode}'.`,
        );
    });
  }
  return padded(x, { before, after, mode, value });
}

/** Pads all axes at once, or, if there are more than the kernel takes, one by one. */
function padded(x: Tensor, attributes: PadAttributes): Tensor {
  if (x.shape.length <= mostAxes) return apply(padOp, { x }, attributes).y;
  let y = unchanged(x);
  x.shape.forEach((extent, axis) => {
    const [first, last] = [attributes.before[axis]!, attributes.after[axis]!];
    if (first + last === 0) return;
    const [outer, , inner] = aroundAxis(y.shape, axis);
    const along = { ...attributes, before: [0, first, 0], after: [0, last, 0] };
    const whole = apply(padOp, { x: reshape(y, [outer, extent, inner]) }, along).y;
    y = reshape(whole, y.shape.with(axis, first + extent + last));
  });
  return y;
}
