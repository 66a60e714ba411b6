/** Cumulative sums. Letters: K the extent of the axis. */
import forwardWgsl from '../../shaders/cumsum/forward.wgsl';
import { type Op, apply } from '../engine/op.js';
import { type Primitive, sizeOf } from '../engine/primitive.js';
import { runPrimitive } from '../engine/program.js';
import { registerShaders } from '../engine/shader.js';
import { type Tensor, checkTensors } from '../engine/tensor.js';
import { checkArgument, checkCall } from '../calls.js';
import { type Rules, flag } from '../options.js';
import { aroundAxis, axisOf, integerRule } from './axes.js';
import { baselineVariant, bytesTouched, gridFor } from './grid.js';

registerShaders({ 'cumsum/forward': forwardWgsl });

type CumsumAttributes = {
  readonly axis: number;
  readonly isReversed: boolean;
  readonly isExclusive: boolean;
};

export const cumsumForward: Primitive<'x', 'y', CumsumAttributes> = {
  name: 'cumsum/forward',
  inputs: ['x'],
  outputs: ['y'],
  shape: ({ x }) => ({ y: x.shape }),
  cost: (context) => ({ flops: sizeOf(context.inputs.x.shape), bytes: bytesTouched(context) }),
  variants: [
    baselineVariant(
      ({ inputs: { x }, attributes: { axis, isReversed, isExclusive }, device }) => {
        const [OUTER, K, INNER] = aroundAxis(x.shape, axis);
        const { WORKGROUP, workgroups } = gridFor(OUTER * INNER, device);
        const constants = {
          OUTER,
          K,
          INNER,
          REVERSED: isReversed ? 1 : 0,
          EXCLUSIVE: isExclusive ? 1 : 0,
          CHANNELS: x.shape.at(-1)!,
          WORKGROUP,
        };
        return { dispatches: [{ shader: 'cumsum/forward', constants, workgroups }] };
      },
      { hasEpilogue: true },
    ),
  ],
};

/** The gradient is the same sum from the other end. */
export const cumsumOp: Op<'x', 'y', CumsumAttributes> = {
  name: 'cumsum',
  primitives: [cumsumForward],
  forward: (inputs, attributes) => runPrimitive(cumsumForward, inputs, attributes),
  backward: ({ attributes, gradients: { y: dy } }) => ({
    x: () => apply(cumsumOp, { x: dy as Tensor }, { ...attributes, isReversed: !attributes.isReversed }).y,
  }),
};

export interface CumsumOptions {
  /** Sums from the end. Default false. */
  readonly reverse?: boolean;
  /** Leaves the element itself out, so that the first sum is 0. Default false. */
  readonly exclusive?: boolean;
}

const rules = (): Rules<CumsumOptions> => ({ reverse: flag, exclusive: flag });

/**
 * Cumulative sums along an axis.
 *
 *   y[…,k,…] = Σ_{j≤k} x[…,j,…]
 *
 * With `reverse` over j ≥ k, with `exclusive` without j = k. Shapes: x any → y like x. Sums in f32, in order.
 * Throws: UsageError for options out of range; ShapeError if x has no such axis.
 * Source: TensorFlow.js, `cumsum`.
 */
export function cumsum(x: Tensor, axis = 0, options: CumsumOptions = {}): Tensor {
  checkTensors('cumsum', { x });
  checkArgument('cumsum', 'axis', axis, integerRule);
  checkCall('cumsum', options, rules);
  const { reverse = false, exclusive = false } = options;
  return apply(
    cumsumOp,
    { x },
    { axis: axisOf('cumsum', x, axis), isReversed: reverse, isExclusive: exclusive },
  ).y;
}
