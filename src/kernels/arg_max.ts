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
import { type AxisRun, type ReduceOptions, aroundAxes, axisRule, axisRuns, withoutAxes } from './sum.js';

registerShaders({
  'arg_max/forward': forwardWgsl,
  'floats/non_finite': nonFiniteWgsl,
});

export const argMaxForward: Primitive<'x', 'y', AxisRun> = {
  name: 'arg_max/forward',
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
            shader: 'arg_max/forward',
            constants: { OUTER: outer, REDUCED: reduced, INNER: inner, WORKGROUP },
            workgroups,
          },
        ],
      };
    }),
  ],
};

export const argMaxOp: Op<'x', 'y', AxisRun> = {
  name: 'arg_max',
  primitives: [argMaxForward],
  forward: (inputs, attributes) => runPrimitive(argMaxForward, inputs, attributes),
  backward: () => ({ x: null }),
};

/**
 * The index of the first maximum, or of the first NaN, along one axis or several adjacent ones (a flat index over them).
 *
 * Shapes: x any → y u32 without the reduced axes.
 * Throws: ShapeError for an axis that x does not have, or for axes that are not adjacent.
 */
export function argMax(x: Tensor, options: Pick<ReduceOptions, 'axis'> = {}): Tensor {
  checkTensors('argMax', { x });
  checkCall('argMax', options, () => ({ axis: axisRule() }));
  const { axis } = options;
  const [run, another] = axisRuns('argMax', x, axis);
  if (!run || another)
    throw new ShapeError(`argMax: axis is [${String(axis)}] for x ${describe(x)}, expected adjacent axes.`);
  return apply(argMaxOp, { x }, run).y;
}
