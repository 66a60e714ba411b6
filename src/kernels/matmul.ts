/**
 * The matrix product. Letters: M rows, N columns, K terms of each sum.
 */
import forwardBaselineWgsl from '../../shaders/matmul/forward_baseline.wgsl';
import { ShapeError } from '../errors.js';
import { type Op, apply } from '../engine/op.js';
import { type Primitive, type Spec, type Variant, halfPrecision, oneFloat } from '../engine/primitive.js';
import { runPrimitive } from '../engine/program.js';
import { registerShaders } from '../engine/shader.js';
import { type Tensor, describe } from '../engine/tensor.js';
import { checkCall } from '../calls.js';
import { type Rules, flag } from '../options.js';
import { bytesTouched, baselineVariant, gridFor } from './grid.js';
import { matmulGpu } from './matmul_gpu.js';
import { matmulSoftware } from './matmul_software.js';

registerShaders({ 'matmul/forward_baseline': forwardBaselineWgsl });

export type MatmulAttributes = {
  /** a is stored [K,M]. */
  readonly transposeA: boolean;
  /** b is stored [N,K]. */
  readonly transposeB: boolean;
};

/** M, N and K from the stored operands. */
export function productOf(
  a: Spec,
  b: Spec,
  { transposeA, transposeB }: MatmulAttributes,
): { M: number; N: number; K: number; depthOfB: number } {
  const [a0, a1] = a.shape as [number, number];
  const [b0, b1] = b.shape as [number, number];
  return {
    M: transposeA ? a1 : a0,
    K: transposeA ? a0 : a1,
    N: transposeB ? b0 : b1,
    depthOfB: transposeB ? b1 : b0,
  };
}

function baseline(Value: 'f32' | 'f16'): Variant<'a' | 'b', 'c', MatmulAttributes> {
  return baselineVariant(
    ({ inputs, attributes, device }) => {
      const { M, N, K } = productOf(inputs.a, inputs.b, attributes);
      const { WORKGROUP, workgroups } = gridFor(M * N, device);
      const constants = {
        M,
        N,
        K,
        TRANSPOSE_A: attributes.transposeA ? 1 : 0,
        TRANSPOSE_B: attributes.transposeB ? 1 : 0,
        WORKGROUP,
        Value,
      };
      return { dispatches: [{ shader: 'matmul/forward_baseline', constants, workgroups }] };
    },
    { hasEpilogue: true },
  );
}

export const matmulForward: Primitive<'a' | 'b', 'c', MatmulAttributes> = {
  name: 'matmul/forward',
  inputs: ['a', 'b'],
  outputs: ['c'],
  types: oneFloat(['a', 'b', 'c']),
  shape: ({ a, b }, attributes) => {
    const { M, N, K, depthOfB } = productOf(a, b, attributes);
    if (a.shape.length !== 2 || b.shape.length !== 2 || K !== depthOfB) {
      const how = `${attributes.transposeA ? 'aᵀ' : 'a'}·${attributes.transposeB ? 'bᵀ' : 'b'}`;
      throw new ShapeError(
        `matmul: a ${describe(a)} and b ${describe(b)} do not fit for ${how}, expected [M,K]·[K,N].`,
      );
    }
    return { c: [M, N] };
  },
  cost: (context) => {
    const { M, N, K } = productOf(context.inputs.a, context.inputs.b, context.attributes);
    return { flops: 2 * M * N * K, multiplyAdds: M * N * K, bytes: bytesTouched(context) };
  },
  variants: [
    ...matmulSoftware,
    ...matmulGpu,
    { ...baseline('f16'), name: 'baseline_f16', float: 'f16', requires: halfPrecision },
    baseline('f32'),
  ],
};

export const matmulOp: Op<'a' | 'b', 'c', MatmulAttributes> = {
  name: 'matmul',
  primitives: [matmulForward],
  forward: (inputs, attributes) => runPrimitive(matmulForward, inputs, attributes),
  backward: ({ inputs: { a, b }, attributes: { transposeA, transposeB }, gradients }) => {
    const dc = gradients.c as Tensor;
    return {
      // da = dc·bᵀ; stored transposed: b·dcᵀ.
      a: () => (transposeA ? product(b, dc, transposeB, true) : product(dc, b, false, !transposeB)),
      // db = aᵀ·dc; stored transposed: dcᵀ·a.
      b: () => (transposeB ? product(dc, a, true, transposeA) : product(a, dc, !transposeA, false)),
    };
  },
};

function product(a: Tensor, b: Tensor, transposeA: boolean, transposeB: boolean): Tensor {
  return apply(matmulOp, { a, b }, { transposeA, transposeB }).c;
}

export interface MatmulOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

export const matmulRules = (): Rules<MatmulOptions> => ({ transposeA: flag, transposeB: flag });

/**
 * The matrix product of two matrices; batch_matmul.ts has that of more axes.
 *
 *   c[m,n] = Σ_k a[m,k] · b[k,n]
 *
 * Shapes: a [M,K] (stored [K,M] with transposeA), b [K,N] (stored [N,K] with transposeB) → c [M,N]. Sums in f32.
 * Dtypes: all f32, or all f16. Throws: ShapeError when an operand has not two axes, the inner extents or the dtypes differ.
 */
export function matmul(a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor {
  checkCall('matmul', options, matmulRules);
  const { transposeA = false, transposeB = false } = options;
  return apply(matmulOp, { a, b }, { transposeA, transposeB }).c;
}
