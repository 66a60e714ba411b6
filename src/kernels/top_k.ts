/** The largest elements of each row, with their indices. */
import forwardWgsl from '../../shaders/top_k/forward.wgsl';
import nonFiniteWgsl from '../../shaders/floats/non_finite.wgsl';
import { checkArgument } from '../calls.js';
import { type Op, apply } from '../engine/op.js';
import { type Primitive, sizeOf } from '../engine/primitive.js';
import { runPrimitive } from '../engine/program.js';
import { registerShaders } from '../engine/shader.js';
import { type Tensor, checkTensors, describe } from '../engine/tensor.js';
import { ShapeError } from '../errors.js';
import { count } from '../options.js';
import { bytesTouched, baselineVariant, gridFor } from './grid.js';
import { takeAlongAxis } from './take_along_axis.js';

registerShaders({
  'top_k/forward': forwardWgsl,
  'floats/non_finite': nonFiniteWgsl,
});

type TopKAttributes = { readonly k: number };

export const topKForward: Primitive<'x', 'y', TopKAttributes> = {
  name: 'top_k/forward',
  inputs: ['x'],
  outputs: ['y'],
  types: () => ({ y: 'u32' }),
  shape: ({ x }, { k }) => ({ y: [...x.shape.slice(0, -1), k] }),
  cost: (context) => ({
    flops: context.attributes.k * sizeOf(context.inputs.x.shape),
    bytes: bytesTouched(context),
  }),
  variants: [
    baselineVariant(({ inputs: { x }, attributes, device }) => {
      const K = x.shape.at(-1)!;
      const ROWS = sizeOf(x.shape) / K;
      const { WORKGROUP, workgroups } = gridFor(ROWS, device);
      const constants = { ROWS, K, COUNT: attributes.k, WORKGROUP };
      return { dispatches: [{ shader: 'top_k/forward', constants, workgroups }] };
    }),
  ],
};

/** The indices alone; `take_along_axis` takes the values, and has their gradient. */
export const topKOp: Op<'x', 'y', TopKAttributes> = {
  name: 'top_k',
  primitives: [topKForward],
  forward: (inputs, attributes) => runPrimitive(topKForward, inputs, attributes),
  backward: () => ({ x: null }),
};

/**
 * The k largest elements along the last axis, in descending order, with their indices; of equal ones, that of the lower index
 * comes first. NaN comes before all numbers, as in PyTorch. Gradients flow to the values.
 *
 * Takes time in proportion to k: for the few best of many, not for sorting.
 * Shapes: x [N,…,K] → values [N,…,k], indices [N,…,k] u32.
 * Throws: UsageError for k below 1; ShapeError for more than the last axis holds.
 */
export function topK(x: Tensor, k = 1): { values: Tensor; indices: Tensor } {
  checkTensors('topK', { x });
  checkArgument('topK', 'k', k, () => count);
  const extent = x.shape.at(-1) ?? 0;
  if (k > extent)
    throw new ShapeError(`topK: k is ${k} for x ${describe(x)}, expected at most ${extent}, its last axis.`);
  const indices = apply(topKOp, { x }, { k }).y;
  return { values: takeAlongAxis(x, indices), indices };
}
