/** The index of the maximum along an axis; ties go to the first. Not differentiable. */
import forwardWgsl from '../../shaders/arg_max/forward.wgsl';
import nonFiniteWgsl from '../../shaders/floats/non_finite.wgsl';
import { ShapeError } from '../errors.js';
import { type Op, apply } from '../engine/op.js';
import { type Primitive, sizeOf } from '../engine/primitive.js';
import { runPrimitive } from '../engine/program.js';
import { registerShaders } from '../engine/shader.js';
import { type Tensor, checkTensors, describe } from '../engine/tensor.js';
import { checkCall } from '../calls.js';
import { bytesTouched, baselineVariant, gridFor } from './grid.js';
import {
  type AxisRun,
  type ReduceOptions,
  aroundAxes,
  axisRuns,
  reduceRules,
  withKeptAxes,
  withoutAxes,
} from './sum.js';

registerShaders({
  'arg_max/forward': forwardWgsl,
  'floats/non_finite': nonFiniteWgsl,
});

/** A primitive whose shader, of the same name, finds one index per output. */
export function argPrimitive(name: string): Primitive<'x', 'y', AxisRun> {
  return {
    name,
    inputs: ['x'],
    outputs: ['y'],
    types: () => ({ y: 'u32' }),
    shape: ({ x }, run) => ({ y: withoutAxes(x.shape, run) }),
    cost: (context) => ({ flops: sizeOf(context.inputs.x.shape), bytes: bytesTouched(context) }),
    variants: [
      baselineVariant(({ inputs, outputs, attributes, device }) => {
        const { outer, reduced, inner } = aroundAxes(inputs.x.shape, attributes);
        const { WORKGROUP, workgroups } = gridFor(sizeOf(outputs.y.shape), device);
        return {
          dispatches: [
            {
              shader: name,
              constants: { OUTER: outer, REDUCED: reduced, INNER: inner, WORKGROUP },
              workgroups,
            },
          ],
        };
      }),
    ],
  };
}

export const argMaxForward = argPrimitive('arg_max/forward');

export const argMaxOp: Op<'x', 'y', AxisRun> = {
  name: 'arg_max',
  primitives: [argMaxForward],
  forward: (inputs, attributes) => runPrimitive(argMaxForward, inputs, attributes),
  backward: () => ({ x: null }),
};

/** The indices by `op` along the axes of `options`, on behalf of the function that the caller called. */
export function argAlong(who: string, op: Op<'x', 'y', AxisRun>, x: Tensor, options: ReduceOptions): Tensor {
  checkTensors(who, { x });
  checkCall(who, options, reduceRules);
  const [run, another] = axisRuns(who, x, options.axis);
  if (!run || another)
    throw new ShapeError(
      `${who}: axis is [${String(options.axis)}] for x ${describe(x)}, expected adjacent axes.`,
    );
  return withKeptAxes(apply(op, { x }, run).y, x, [run], options);
}

/**
 * The index of the first maximum, or of the first NaN, along one axis or several adjacent ones (a flat index over them).
 *
 * Shapes: x any → y u32 without the reduced axes (or with them as 1).
 * Throws: ShapeError for an axis that x does not have, or for axes that are not adjacent.
 */
export function argMax(x: Tensor, options: ReduceOptions = {}): Tensor {
  return argAlong('argMax', argMaxOp, x, options);
}
