/** The logarithm of softmax over an axis. */
import forwardWgsl from '../../shaders/log_softmax/forward.wgsl';
import termsWgsl from '../../shaders/log_sum_exp/terms.wgsl';
import nonFiniteWgsl from '../../shaders/floats/non_finite.wgsl';
import { checkCall } from '../calls.js';
import { type Op, apply } from '../engine/op.js';
import { type Primitive, sizeOf } from '../engine/primitive.js';
import { runPrimitive } from '../engine/program.js';
import { registerShaders } from '../engine/shader.js';
import { type Tensor, checkTensors, describe } from '../engine/tensor.js';
import { ShapeError } from '../errors.js';
import type { Rules } from '../options.js';
import { exp, multiply, subtract } from './arithmetic.js';
import { bytesTouched, baselineVariant, gridFor } from './grid.js';
import { type AxisRun, aroundAxes, axisRule, axisRuns, keptShape, sum } from './sum.js';
import { reshape } from './reshape.js';

registerShaders({
  'log_softmax/forward': forwardWgsl,
  'log_sum_exp/terms': termsWgsl,
  'floats/non_finite': nonFiniteWgsl,
});

export const logSoftmaxForward: Primitive<'x', 'y', AxisRun> = {
  name: 'log_softmax/forward',
  inputs: ['x'],
  outputs: ['y'],
  shape: ({ x }) => ({ y: x.shape }),
  cost: (context) => ({ flops: 5 * sizeOf(context.inputs.x.shape), bytes: bytesTouched(context) }),
  variants: [
    baselineVariant(
      ({ inputs: { x }, attributes, device }) => {
        const { outer: OUTER, reduced: REDUCED, inner: INNER } = aroundAxes(x.shape, attributes);
        const { WORKGROUP, workgroups } = gridFor(OUTER * INNER, device);
        const constants = { OUTER, REDUCED, INNER, CHANNELS: x.shape.at(-1) ?? 1, WORKGROUP };
        return { dispatches: [{ shader: 'log_softmax/forward', constants, workgroups }] };
      },
      { hasEpilogue: true },
    ),
  ],
};

export const logSoftmaxOp: Op<'x', 'y', AxisRun> = {
  name: 'log_softmax',
  primitives: [logSoftmaxForward],
  forward: (inputs, attributes) => runPrimitive(logSoftmaxForward, inputs, attributes),
  // dx = dy − softmax(x) · Σ dy
  backward: ({ outputs: { y }, attributes: run, gradients }) => ({
    x: () => {
      const dy = gradients.y as Tensor;
      const axis = Array.from({ length: run.last - run.first + 1 }, (_, i) => run.first + i);
      const total = reshape(sum(dy, { axis }), keptShape(y.shape, [run]));
      return subtract(dy, multiply(exp(y), total));
    },
  }),
};

export interface SoftmaxOptions {
  /** The axis over which the values sum to 1, or several adjacent ones; negative ones from the end. Default: the last. */
  readonly axis?: number | readonly number[];
}

export const softmaxRules = (): Rules<SoftmaxOptions> => ({ axis: axisRule() });

/** `logSoftmax`, on behalf of the op that the caller called. */
export function logSoftmaxFor(who: string, x: Tensor, options: SoftmaxOptions): Tensor {
  checkTensors(who, { x });
  checkCall(who, options, softmaxRules);
  const { axis = -1 } = options;
  const [run, another] = axisRuns(who, x, axis);
  if (!run || another)
    throw new ShapeError(`${who}: axis is [${String(axis)}] for x ${describe(x)}, expected adjacent axes.`);
  return apply(logSoftmaxOp, { x }, run).y;
}

/**
 * The logarithm of softmax over an axis, without a logarithm of 0 where probabilities vanish.
 *
 *   y = x − m − log Σ exp(x − m), m = max x
 *
 * NaN along the axis where it holds NaN or ∞, or only −∞, as in PyTorch.
 * Shapes: x any → y like x. Throws: ShapeError for an axis that x does not have, or for axes that are not adjacent.
 */
export function logSoftmax(x: Tensor, options: SoftmaxOptions = {}): Tensor {
  return logSoftmaxFor('logSoftmax', x, options);
}
