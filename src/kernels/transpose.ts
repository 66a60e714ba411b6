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
import { reshape, unchanged } from './reshape.js';
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

/** Elements between neighbours along each axis. */
export function stridesOf(shape: Shape): number[] {
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
 * More than four axes take one pass over the elements for each axis that moves.
 * Throws: ShapeError if `permutation` does not contain each axis once.
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
  return permuted(x, permutation);
}

function permuted(x: Tensor, permutation: readonly number[]): Tensor {
  if (x.shape.length <= 4) return apply(transposeOp, { x }, { permutation }).y;
  const to = permutation.findIndex((from, axis) => from !== axis);
  if (to < 0) return unchanged(x);
  // Moves the axis `from` before the axes from `to` on, and then the others.
  const from = permutation[to]!;
  const extent = x.shape[from]!;
  const groups = [x.shape.slice(0, to), x.shape.slice(to, from), [extent], x.shape.slice(from + 1)];
  const moved = apply(transposeOp, { x: reshape(x, groups.map(sizeOf)) }, { permutation: [0, 2, 1, 3] }).y;
  return permuted(
    reshape(moved, x.shape.toSpliced(from, 1).toSpliced(to, 0, extent)),
    permutation.map((axis, i) => (i <= to ? i : axis < from ? axis + (axis >= to ? 1 : 0) : axis)),
  );
}

function reversedAxes(x: Tensor): number[] {
  checkTensors('transpose', { x });
  return x.shape.map((_, axis) => x.shape.length - 1 - axis);
}
