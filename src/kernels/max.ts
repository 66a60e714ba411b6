/** Maximum and arg-max over axes; ties go to the first. */
import forwardWgsl from '../../shaders/max/forward.wgsl';
import inputGradientWgsl from '../../shaders/max/input_gradient.wgsl';
import nonFiniteWgsl from '../../shaders/floats/non_finite.wgsl';
import { type Op, apply, opOf } from '../engine/op.js';
import { type Primitive, sizeOf } from '../engine/primitive.js';
import { runPrimitive } from '../engine/program.js';
import { registerShaders } from '../engine/shader.js';
import type { Tensor } from '../engine/tensor.js';
import { argMaxOp } from './arg_max.js';
import { elementwisePrimitive } from './elementwise.js';
import { bytesTouched, baselineVariant, gridFor } from './grid.js';
import { type AxisRun, type ReduceOptions, aroundAxes, reduceRuns, withoutAxes } from './sum.js';

registerShaders({
  'max/forward': forwardWgsl,
  'max/input_gradient': inputGradientWgsl,
  'floats/non_finite': nonFiniteWgsl,
});

/** A primitive whose shader, of the same name, finds one extreme value per output. */
export function extremePrimitive(name: string): Primitive<'x', 'y', AxisRun> {
  return {
    name,
    inputs: ['x'],
    outputs: ['y'],
    shape: ({ x }, run) => ({ y: withoutAxes(x.shape, run) }),
    cost: (context) => ({ flops: sizeOf(context.inputs.x.shape), bytes: bytesTouched(context) }),
    variants: [
      baselineVariant(
        ({ inputs, outputs, attributes, device }) => {
          const { outer, reduced, inner } = aroundAxes(inputs.x.shape, attributes);
          const { WORKGROUP, workgroups } = gridFor(sizeOf(outputs.y.shape), device);
          return {
            dispatches: [
              {
                shader: name,
                constants: {
                  OUTER: outer,
                  REDUCED: reduced,
                  INNER: inner,
                  CHANNELS: outputs.y.shape.at(-1) ?? 1,
                  WORKGROUP,
                },
                workgroups,
              },
            ],
          };
        },
        { hasEpilogue: true },
      ),
    ],
  };
}

export const maxForward = extremePrimitive('max/forward');

interface GradientAttributes extends Readonly<Record<string, number | readonly number[]>> {
  readonly first: number;
  readonly last: number;
  readonly inputShape: readonly number[];
}

export const maxInputGradient: Primitive<'index_of_max' | 'dy', 'dx', GradientAttributes> = {
  name: 'max/input_gradient',
  inputs: ['index_of_max', 'dy'],
  outputs: ['dx'],
  types: () => ({ index_of_max: 'u32' }),
  shape: (_, { inputShape }) => ({ dx: inputShape }),
  cost: (context) => ({ flops: 0, bytes: bytesTouched(context) }),
  variants: [
    baselineVariant(
      ({ attributes, device }) => {
        const { outer, reduced, inner } = aroundAxes(attributes.inputShape, attributes);
        const { WORKGROUP, workgroups } = gridFor(sizeOf(attributes.inputShape), device);
        return {
          dispatches: [
            {
              shader: 'max/input_gradient',
              constants: {
                OUTER: outer,
                REDUCED: reduced,
                INNER: inner,
                CHANNELS: attributes.inputShape.at(-1) ?? 1,
                WORKGROUP,
              },
              workgroups,
            },
          ],
        };
      },
      { hasEpilogue: true },
    ),
  ],
};

/** The elements of g where x has its maxima: the transpose of the input gradient. */
export const maxGather = elementwisePrimitive<'index_of_max' | 'g', GradientAttributes>(
  'max/gather',
  ['index_of_max', 'g'],
  {
    whole: ['g'],
    expression: ({ index_of_max, g }, attributes, index) => {
      const { reduced, inner } = aroundAxes(attributes.inputShape, attributes);
      return `${g}[(${index} / ${inner}u * ${reduced}u + ${index_of_max}) * ${inner}u + ${index} % ${inner}u]`;
    },
  },
  () => ({ index_of_max: 'u32' }),
);

// Both are linear in their second operand, and each is the gradient of the other.
export const maxGradientOp: Op<'index_of_max' | 'dy', 'dx', GradientAttributes> = opOf(
  maxInputGradient,
  ({ inputs: { index_of_max }, attributes, gradients }) => ({
    index_of_max: null,
    dy: () => apply(maxGatherOp, { index_of_max, g: gradients.dx as Tensor }, attributes).y,
  }),
);

const maxGatherOp: Op<'index_of_max' | 'g', 'y', GradientAttributes> = opOf(
  maxGather,
  ({ inputs: { index_of_max }, attributes, gradients }) => ({
    index_of_max: null,
    g: () => apply(maxGradientOp, { index_of_max, dy: gradients.y as Tensor }, attributes).dx,
  }),
);

export const maxOp: Op<'x', 'y', AxisRun> = {
  name: 'max',
  primitives: [maxForward, maxInputGradient, maxGather],
  forward: (inputs, attributes) => runPrimitive(maxForward, inputs, attributes),
  backward: ({ inputs: { x }, attributes: { first, last }, gradients }) => ({
    x: () => {
      const { y: index } = apply(argMaxOp, { x }, { first, last });
      return apply(
        maxGradientOp,
        { index_of_max: index, dy: gradients.y as Tensor },
        { first, last, inputShape: x.shape },
      ).dx;
    },
  }),
};

/**
 * The maximum over axes, NaN if any element is NaN; the gradient goes to the first element that attains it.
 *
 *   y = max x
 *
 * Shapes: x any → y without the reduced axes (or with them as 1).
 * Throws: ShapeError for an axis that x does not have.
 */
export function max(x: Tensor, options: ReduceOptions = {}): Tensor {
  return reduceRuns('max', x, options, (tensor, run) => apply(maxOp, { x: tensor }, run).y);
}
