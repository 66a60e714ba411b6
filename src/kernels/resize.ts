/** Images of another size. Letters: x the images [N,H,W,C], y the resized ones [N,P,Q,C], dy their gradient. */
import forwardWgsl from '../../shaders/resize/forward.wgsl';
import inputGradientWgsl from '../../shaders/resize/input_gradient.wgsl';
import { ShapeError, UsageError } from '../errors.js';
import { type Op, apply, opOf } from '../engine/op.js';
import { type Primitive, type Shape, sizeOf } from '../engine/primitive.js';
import { runPrimitive } from '../engine/program.js';
import { registerShaders } from '../engine/shader.js';
import { type Tensor, checkTensors, describe } from '../engine/tensor.js';
import { checkArgument, checkCall } from '../calls.js';
import { type Rules, count, flag, list, oneOf } from '../options.js';
import { baselineVariant, bytesTouched, gridFor } from './grid.js';

registerShaders({ 'resize/forward': forwardWgsl, 'resize/input_gradient': inputGradientWgsl });

type ResizeAttributes = {
  /** Rows and columns of y. */
  readonly size: readonly number[];
  /** Rows and columns of x. */
  readonly from: readonly number[];
  readonly isLinear: boolean;
  readonly alignsCorners: boolean;
};

/** The position in x of row or column o of y is (o · step + offset) / divisor. */
function positions(from: number, to: number, { isLinear, alignsCorners }: ResizeAttributes) {
  // All positions in a single pixel are equal.
  if (alignsCorners && from > 1) return { step: from - 1, offset: 0, divisor: Math.max(to - 1, 1) };
  // Pixel centres, (o + ½) · from / to − ½; the nearest one is the pixel that the centre is in.
  return { step: 2 * from, offset: isLinear ? from - to : from, divisor: 2 * to };
}

function constantsOf([N, , , C]: Shape, attributes: ResizeAttributes) {
  const { from, size, isLinear } = attributes;
  const along = from.map((extent, axis) => positions(extent, size[axis]!, attributes));
  const pair = (values: readonly number[]): string => `vec2i(${values.join(', ')})`;
  return {
    N: N!,
    X: pair(from),
    Y: pair(size),
    C: C!,
    STEP: pair(along.map(({ step }) => step)),
    OFFSET: pair(along.map(({ offset }) => offset)),
    DIVISOR: pair(along.map(({ divisor }) => divisor)),
    LINEAR: isLinear ? 1 : 0,
  };
}

export const resizeForward: Primitive<'x', 'y', ResizeAttributes> = {
  name: 'resize/forward',
  inputs: ['x'],
  outputs: ['y'],
  shape: ({ x }, { size }) => ({ y: [x.shape[0]!, ...size, x.shape[3]!] }),
  cost: (context) => ({
    flops: (context.attributes.isLinear ? 9 : 0) * sizeOf(context.outputs.y.shape),
    bytes: bytesTouched(context),
  }),
  variants: [
    baselineVariant(
      ({ outputs: { y }, attributes, device }) => {
        const { workgroups, ...grid } = gridFor(sizeOf(y.shape), device, { software: 16 });
        const constants = { ...constantsOf(y.shape, attributes), ...grid };
        return { dispatches: [{ shader: 'resize/forward', constants, workgroups }] };
      },
      { hasEpilogue: true },
    ),
  ],
};

export const resizeInputGradient: Primitive<'dy', 'dx', ResizeAttributes> = {
  name: 'resize/input_gradient',
  inputs: ['dy'],
  outputs: ['dx'],
  shape: ({ dy }, { from }) => ({ dx: [dy.shape[0]!, ...from, dy.shape[3]!] }),
  cost: (context) => ({
    flops: (context.attributes.isLinear ? 8 : 1) * sizeOf(context.inputs.dy.shape),
    bytes: bytesTouched(context),
  }),
  variants: [
    baselineVariant(
      ({ outputs: { dx }, attributes, device }) => {
        const { workgroups, ...grid } = gridFor(sizeOf(dx.shape), device, { software: 16 });
        const constants = { ...constantsOf(dx.shape, attributes), ...grid };
        return { dispatches: [{ shader: 'resize/input_gradient', constants, workgroups }] };
      },
      { hasEpilogue: true },
    ),
  ],
};

const resizeGradientOp: Op<'dy', 'dx', ResizeAttributes> = opOf(
  resizeInputGradient,
  ({ attributes, gradients }) => ({
    dy: () => apply(resizeOp, { x: gradients.dx as Tensor }, attributes).y,
  }),
);

export const resizeOp: Op<'x', 'y', ResizeAttributes> = {
  name: 'resize',
  primitives: [resizeForward, resizeInputGradient],
  forward: (inputs, attributes) => runPrimitive(resizeForward, inputs, attributes),
  backward: ({ attributes, gradients: { y: dy } }) => ({
    x: () => apply(resizeGradientOp, { dy: dy as Tensor }, attributes).dx,
  }),
};

export interface ResizeOptions {
  /** Default: `bilinear`. */
  readonly method?: 'nearest' | 'bilinear';
  /**
   * Whether the centres of the corner pixels of x and y fall together, for the method `bilinear`. Default: false, the outer edges
   * of the images do.
   */
  readonly alignCorners?: boolean;
}

const rules = (): Rules<ResizeOptions> => ({ method: oneOf(['nearest', 'bilinear']), alignCorners: flag });

/**
 * Images of another size, channels last: each pixel of y is x at the position of its centre, with the weights of the four pixels
 * around it (`bilinear`), or the pixel that the centre is in (`nearest`). Positions outside the centres are clamped.
 *
 *   row p of y is at row (p + ½) · H / P − ½ of x, or at p · (H − 1) / (P − 1) with `alignCorners`
 *
 * Smaller images are not smoothed first. Shapes: x [N,H,W,C] → y [N,P,Q,C] for the size [P,Q].
 * Throws: ShapeError when x has not four axes, or H · P or W · Q is 2³⁰ or more; UsageError for invalid options.
 * Source: Keras, `ops.image.resize`; PyTorch, `F.interpolate`, where `nearest` is called nearest-exact.
 */
export function resize(
  x: Tensor,
  size: readonly [height: number, width: number],
  options: ResizeOptions = {},
): Tensor {
  checkTensors('resize', { x });
  checkArgument('resize', 'size', size, () => list('two positive integers', count, 2));
  checkCall('resize', options, rules);
  const { method = 'bilinear', alignCorners = false } = options;
  if (x.shape.length !== 4)
    throw new ShapeError(`resize: x is ${describe(x)}, expected four axes [N,H,W,C].`);
  if (alignCorners && method === 'nearest')
    throw new UsageError("resize: alignCorners is true, expected false with the method 'nearest'.");
  const from = x.shape.slice(1, 3);
  if (from.some((extent, axis) => extent * size[axis]! >= 2 ** 30))
    throw new ShapeError(
      `resize: x is ${describe(x)} and size [${size.join(',')}], expected extents with a product below 2³⁰.`,
    );
  const attributes = { size: [...size], from, isLinear: method === 'bilinear', alignsCorners: alignCorners };
  return apply(resizeOp, { x }, attributes).y;
}
