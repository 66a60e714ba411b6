/** Minimum over axes; ties go to the first. */
import forwardWgsl from '../../shaders/min/forward.wgsl';
import nonFiniteWgsl from '../../shaders/floats/non_finite.wgsl';
import { type Op, apply } from '../engine/op.js';
import { runPrimitive } from '../engine/program.js';
import { registerShaders } from '../engine/shader.js';
import type { Tensor } from '../engine/tensor.js';
import { argMinOp } from './arg_min.js';
import { extremePrimitive, maxGradientOp } from './max.js';
import { type AxisRun, type ReduceOptions, reduceRuns } from './sum.js';

registerShaders({
  'min/forward': forwardWgsl,
  'floats/non_finite': nonFiniteWgsl,
});

export const minForward = extremePrimitive('min/forward');

export const minOp: Op<'x', 'y', AxisRun> = {
  name: 'min',
  primitives: [minForward],
  forward: (inputs, attributes) => runPrimitive(minForward, inputs, attributes),
  backward: ({ inputs: { x }, attributes: { first, last }, gradients }) => ({
    x: () => {
      // The gradient goes to an index, whichever extreme it is of.
      const { y: index_of_max } = apply(argMinOp, { x }, { first, last });
      return apply(
        maxGradientOp,
        { index_of_max, dy: gradients.y as Tensor },
        { first, last, inputShape: x.shape },
      ).dx;
    },
  }),
};

/**
 * The minimum over axes, NaN if any element is NaN; the gradient goes to the first element that attains it.
 *
 *   y = min x
 *
 * Shapes: x any → y without the reduced axes (or with them as 1).
 * Throws: ShapeError for an axis that x does not have.
 */
export function min(x: Tensor, options: ReduceOptions = {}): Tensor {
  return reduceRuns('min', x, options, (tensor, run) => apply(minOp, { x: tensor }, run).y);
}
