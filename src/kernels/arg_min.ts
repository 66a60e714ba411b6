/** The index of the minimum along an axis; ties go to the first. Not differentiable. */
import forwardWgsl from '../../shaders/arg_min/forward.wgsl';
import nonFiniteWgsl from '../../shaders/floats/non_finite.wgsl';
import type { Op } from '../engine/op.js';
import { runPrimitive } from '../engine/program.js';
import { registerShaders } from '../engine/shader.js';
import type { Tensor } from '../engine/tensor.js';
import { argAlong, argPrimitive } from './arg_max.js';
import type { AxisRun, ReduceOptions } from './sum.js';

registerShaders({
  'arg_min/forward': forwardWgsl,
  'floats/non_finite': nonFiniteWgsl,
});

export const argMinForward = argPrimitive('arg_min/forward');

export const argMinOp: Op<'x', 'y', AxisRun> = {
  name: 'arg_min',
  primitives: [argMinForward],
  forward: (inputs, attributes) => runPrimitive(argMinForward, inputs, attributes),
  backward: () => ({ x: null }),
};

/**
 * The index of the first minimum, or of the first NaN, along one axis or several adjacent ones (a flat index over them).
 *
 * Shapes: x any → y u32 without the reduced axes (or with them as 1).
 * Throws: ShapeError for an axis that x does not have, or for axes that are not adjacent.
 */
export function argMin(x: Tensor, options: ReduceOptions = {}): Tensor {
  return argAlong('argMin', argMinOp, x, options);
}
