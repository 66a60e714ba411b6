/** Permutes the axes of a tensor. */
import forwardWgsl from '../../shaders/transpose/forward.wgsl';
import { ShapeError } from '../errors.js';
import { type Op, apply } from '../engine/op.js';
import { type Primitive, type Shape, sizeOf } from '../engine/primitive.js';
import { runPrimitive } from '../engine/program.js';
import { registerShaders } from '../engine/shader.js';
import { type Tensor, checkTensors, describe } from '../engine/tensor.js';
import { checkArgument } from '../calls.js';
import { bytesTouched, baselineVariant, gridFor } from './grid.js';
import { axesRule } from './sum.js';

registerShaders({ 'transpose/forward': forwardWgsl });

type TransposeAttributes = { readonly permutation: readonly number[] };

export const transposeForward: Primitive<'x', 'y', TransposeAttributes> = {
  name: 'transpose/forward',
  inputs: ['x'],
  outputs: ['y'],
  shape: ({ x }, { permutation }) => ({ y: permutation.map((axis) => x.shape[axis] as number) }),
  cost: (context) => ({ flops: 0, bytes: bytesTouched(context) }),
  variants: [
    baselineVariant(
      ({ inputs, outputs, attributes, device }) => {
        const strides = stridesOf(inputs.x.shape);
        const lead = 4 - attributes.permutation.length;
        const constants: Record<string, number> = {};
        for (let axis = 0; axis < 4; axis++) {
          constants[`Y${axis}`] = axis < lead ? 1 : (outputs.y.shape[axis - lead] as number);
          constants[`S${axis}`] =
            axis < lead ? 0 : (strides[attributes.permutation[axis - lead] as number] as number);
        }
        const { WORKGROUP, workgroups } = gridFor(sizeOf(outputs.y.shape), device);
        return {
          dispatches: [{ shader: 'transpose/forward', constants: { ...constants, WORKGROUP }, workgroups }],
        };
      },
      { hasEpilogue: true },
    ),
  ],
};

function stridesOf(shape: Shape): number[] {
  return shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
}

export const transposeOp: Op<'x', 'y', TransposeAttributes> = {
  name: 'transpose',
  primitives: [transposeForward],
  forward: (inputs, attributes) => runPrimitive(transposeForward, inputs, attributes),
  backward: ({ attributes: { permutation }, gradients }) => ({
    x: () =>
      transpose(
        gradients.y as Tensor,
        permutation.map((_, axis) => permutation.indexOf(axis)),
      ),
  }),
};

/**
 * Permutes the axes: y[i_p0, i_p1, …] = x[i_0, i_1, …]. Default: reverses them.
 *
 * Throws: ShapeError if `permutation` does not contain each axis once, or x has more than four axes.
 */
export function transpose(x: Tensor, permutation: readonly number[] = reversedAxes(x)): Tensor {
  checkTensors('transpose', { x });
  checkArgument('transpose', 'permutation', permutation, axesRule);
  const isPermutation =
    permutation.length === x.shape.length && x.shape.every((_, axis) => permutation.includes(axis));
  if (!isPermutation)
    throw new ShapeError(
      `transpose: permutation is [${permutation.join(',')}] for x ${describe(x)}, expected each axis once.`,
    );
  if (x.shape.length > 4)
    throw new ShapeError(`transpose: x ${describe(x)} has ${x.shape.length} axes, expected at most 4.`);
  return apply(transposeOp, { x }, { permutation }).y;
}

function reversedAxes(x: Tensor): number[] {
  checkTensors('transpose', { x });
  return x.shape.map((_, axis) => x.shape.length - 1 - axis);
}
