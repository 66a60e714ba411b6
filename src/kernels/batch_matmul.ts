/**
 * Matrix products over leading axes. Letters: M rows, N columns, K terms of each sum.
 *
 * The leading axes are seen as two, along each of which an operand has as many matrices as the result, or one for all.
 * Products that are one product of two matrices are left to matmul.ts.
 */
import forwardBaselineWgsl from '../../shaders/batch_matmul/forward_baseline.wgsl';
import forwardGpuWgsl from '../../shaders/batch_matmul/forward_gpu.wgsl';
import forwardSoftwareWgsl from '../../shaders/batch_matmul/forward_software.wgsl';
import innerLoopGpuWgsl from '../../shaders/product/inner_loop_gpu.wgsl';
import tileGpuWgsl from '../../shaders/product/tile_gpu.wgsl';
import { checkCall } from '../calls.js';
import { type Op, apply } from '../engine/op.js';
import {
  type Primitive,
  type PrimitiveContext,
  type Shape,
  type Spec,
  type Variant,
  sizeOf,
} from '../engine/primitive.js';
import { runPrimitive } from '../engine/program.js';
import { registerShaders } from '../engine/shader.js';
import { type Tensor, checkTensors, describe } from '../engine/tensor.js';
import { ShapeError } from '../errors.js';
import { fill, multiply } from './arithmetic.js';
import { broadcastShape } from './broadcast.js';
import { bytesTouched, baselineVariant, gridFor, oneSubgroup } from './grid.js';
import {
  type MatmulAttributes,
  type MatmulOptions,
  matmul as matmulOfTwo,
  matmulRules,
  productOf as productOfTwo,
} from './matmul.js';
import {
  type Tile,
  elements,
  grid,
  named,
  requirementsOf,
  suits,
  tileConstants,
  tileCount,
} from './matmul_gpu.js';
import { reshape } from './reshape.js';
import { sumTo } from './sum.js';

registerShaders({
  'batch_matmul/forward_baseline': forwardBaselineWgsl,
  'batch_matmul/forward_gpu': forwardGpuWgsl,
  'batch_matmul/forward_software': forwardSoftwareWgsl,
  'product/inner_loop_gpu': innerLoopGpuWgsl,
  'product/tile_gpu': tileGpuWgsl,
});

type BatchVariant = Variant<'a' | 'b', 'c', MatmulAttributes>;
type BatchContext = PrimitiveContext<'a' | 'b', 'c', MatmulAttributes>;

const matrixOf = ({ shape, dtype }: Spec): Spec => ({ shape: shape.slice(-2), dtype });

/** M, N and K of each product, and their number. */
function productOf({
  inputs: { a, b },
  outputs: { c },
  attributes,
}: Omit<BatchContext, 'device'>): Readonly<Record<'m' | 'n' | 'k' | 'count', number>> {
  const { M, N, K } = productOfTwo(matrixOf(a), matrixOf(b), attributes);
  return { m: M, n: N, k: K, count: sizeOf(c.shape.slice(0, 2)) };
}

/** The constants of every variant. */
function constantsOf(context: BatchContext): Record<string, number> {
  const { m: M, n: N, k: K } = productOf(context);
  const { transposeA, transposeB } = context.attributes;
  const stride = ({ shape }: Spec, axis: 0 | 1): number =>
    shape[axis] === 1 ? 0 : sizeOf(shape.slice(axis + 1));
  const { a, b } = context.inputs;
  return {
    INNER: context.outputs.c.shape[1]!,
    A_OUTER: stride(a, 0),
    A_INNER: stride(a, 1),
    B_OUTER: stride(b, 0),
    B_INNER: stride(b, 1),
    M,
    N,
    K,
    TRANSPOSE_A: Number(transposeA),
    TRANSPOSE_B: Number(transposeB),
  };
}

/** A product per workgroup along z. */
const fitsGrid = (context: BatchContext): boolean =>
  productOf(context).count <= context.device.maxWorkgroupsPerDimension;

const rowsOfSoftware = 16;

const software: BatchVariant = {
  name: 'software',
  family: 'software',
  hasEpilogue: true,
  requires: oneSubgroup,
  supports: fitsGrid,
  lower: (context) => {
    const { m, n, count } = productOf(context);
    const SG = context.device.subgroupSize;
    const tiles = Math.ceil(m / rowsOfSoftware) * Math.ceil(n / SG);
    const { x, workgroups } = grid(tiles, count, context.device);
    const constants = { ...constantsOf(context), SG, GRID_X: x };
    return { dispatches: [{ shader: 'batch_matmul/forward_software', constants, workgroups }] };
  },
};

function gpu(tile: Tile): BatchVariant {
  return {
    name: `gpu_${tile.name}`,
    family: 'gpu',
    hasEpilogue: true,
    requires: requirementsOf(tile),
    supports: (context) => fitsGrid(context) && suits(tile, productOf(context), 1),
    lower: (context) => {
      const { m, n, k, count } = productOf(context);
      const { x, workgroups } = grid(tileCount(tile, { m, n, k }), count, context.device);
      const constants = {
        ...constantsOf(context),
        ...elements('A', !context.attributes.transposeA && k % 4 === 0),
        ...tileConstants(tile),
        GRID_X: x,
      };
      return { dispatches: [{ shader: 'batch_matmul/forward_gpu', constants, workgroups }] };
    },
  };
}

export const batchMatmulForward: Primitive<'a' | 'b', 'c', MatmulAttributes> = {
  name: 'batch_matmul/forward',
  inputs: ['a', 'b'],
  outputs: ['c'],
  shape: ({ a, b }, attributes) => {
    const { M, N } = productOfTwo(matrixOf(a), matrixOf(b), attributes);
    const lead = ({ shape, dtype }: Spec): Spec => ({ shape: shape.slice(0, 2), dtype });
    return { c: [...broadcastShape('batch_matmul', [lead(a), lead(b)]), M, N] };
  },
  cost: (context) => {
    const { m, n, k, count } = productOf(context);
    const multiplyAdds = m * n * k * count;
    return { flops: 2 * multiplyAdds, multiplyAdds, bytes: bytesTouched(context) };
  },
  variants: [
    software,
    ...named('64x64', '32x32', '16x16').map(gpu),
    baselineVariant(
      (context) => {
        const { m, n, count } = productOf(context);
        const { WORKGROUP, workgroups } = gridFor(m * n * count, context.device);
        const constants = { ...constantsOf(context), BATCH: count, WORKGROUP };
        return { dispatches: [{ shader: 'batch_matmul/forward_baseline', constants, workgroups }] };
      },
      { hasEpilogue: true },
    ),
  ],
};

/** Products of matrices a [G,H,M,K] and b [G,H,K,N], where either may have 1 for G or H. */
export const batchMatmulOp: Op<'a' | 'b', 'c', MatmulAttributes> = {
  name: 'batch_matmul',
  primitives: [batchMatmulForward],
  forward: (inputs, attributes) => runPrimitive(batchMatmulForward, inputs, attributes),
  backward: ({ inputs: { a, b }, attributes: { transposeA, transposeB }, gradients }) => {
    const dc = gradients.c as Tensor;
    return {
      // As of matmul, summed over the matrices that shared an operand.
      a: () =>
        sumTo(transposeA ? product(b, dc, transposeB, true) : product(dc, b, false, !transposeB), a.shape),
      b: () =>
        sumTo(transposeB ? product(dc, a, true, transposeA) : product(a, dc, !transposeA, false), b.shape),
    };
  },
};

function product(a: Tensor, b: Tensor, transposeA: boolean, transposeB: boolean): Tensor {
  return apply(batchMatmulOp, { a, b }, { transposeA, transposeB }).c;
}

/** Adjacent leading axes along which the same operands have matrices of their own. */
interface Group {
  readonly hasA: boolean;
  readonly hasB: boolean;
  extent: number;
}

function groupsOf(a: Shape, b: Shape, lead: Shape): Group[] {
  const groups: Group[] = [];
  lead.forEach((extent, axis) => {
    if (extent === 1) return;
    const has = (shape: Shape): boolean => (shape[shape.length - lead.length + axis] ?? 1) > 1;
    const [hasA, hasB] = [has(a), has(b)];
    const before = groups.at(-1);
    if (before && before.hasA === hasA && before.hasB === hasB) before.extent *= extent;
    else groups.push({ hasA, hasB, extent });
  });
  return groups;
}

/** Products over leading axes, which broadcast, of operands with two axes or more. */
function products(a: Tensor, b: Tensor, attributes: MatmulAttributes): Tensor {
  const [leadA, leadB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  const lead = broadcastShape('matmul', [
    { shape: leadA, dtype: a.dtype },
    { shape: leadB, dtype: b.dtype },
  ]);
  const { M, N, K } = productOfTwo(matrixOf(a), matrixOf(b), attributes);
  const groups = groupsOf(leadA, leadB, lead);
  // Rows of many matrices times one are rows of one matrix.
  const last = groups.at(-1);
  const rows = last && !last.hasB && !attributes.transposeA ? (groups.pop() as Group).extent * M : M;
  const matrixA = attributes.transposeA ? [K, rows] : [rows, K];
  const matrixB = attributes.transposeB ? [N, K] : [K, N];
  const shape = [...lead, M, N];
  if (groups.length > 2) {
    const whole = (x: Tensor, matrix: Shape): Tensor =>
      sizeOf(x.shape) === sizeOf(lead) * sizeOf(matrix) ? x : multiply(x, fill([...lead, ...matrix], 1));
    return products(whole(a, a.shape.slice(-2)), whole(b, b.shape.slice(-2)), attributes);
  }
  if (groups.length === 0)
    return reshape(matmulOfTwo(reshape(a, matrixA), reshape(b, matrixB), attributes), shape);
  const [outer, inner] = groups.length === 2 ? (groups as [Group, Group]) : [undefined, groups[0] as Group];
  const seen = (has: 'hasA' | 'hasB', matrix: Shape): Shape => [
    outer?.[has] ? outer.extent : 1,
    inner[has] ? inner.extent : 1,
    ...matrix,
  ];
  const c = apply(
    batchMatmulOp,
    { a: reshape(a, seen('hasA', matrixA)), b: reshape(b, seen('hasB', matrixB)) },
    attributes,
  ).c;
  return reshape(c, shape);
}

/** An operand with one axis as a matrix of one row or column. Throws: ShapeError for none, or one to transpose. */
function asMatrix(name: 'a' | 'b', x: Tensor, isTransposed: boolean): Tensor {
  if (x.shape.length > 1) return x;
  if (x.shape.length === 0)
    throw new ShapeError(`matmul: ${name} is a scalar, expected one axis or more; multiply() scales by it.`);
  if (isTransposed)
    throw new ShapeError(
      `matmul: ${name} ${describe(x)} has one axis, expected two or more for ${name === 'a' ? 'transposeA' : 'transposeB'}; leave that out.`,
    );
  return reshape(x, name === 'a' ? [1, x.size] : [x.size, 1]);
}

/**
 * The matrix product; over leading axes, the products of all their matrices.
 *
 *   c[…,m,n] = Σ_k a[…,m,k] · b[…,k,n]
 *
 * Shapes: a […,M,K] (stored […,K,M] with transposeA), b […,K,N] (stored […,N,K] with transposeB) → c […,M,N]. Leading axes
 * broadcast as in NumPy. An operand with one axis is a row a [K] or a column b [K], an axis that c does not have. Sums in f32.
 * Dtypes: all f32; two matrices may be f16.
 * Throws: ShapeError for scalars, and if the inner extents, the dtypes or the leading axes do not fit.
 */
export function matmul(a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor {
  checkTensors('matmul', { a, b });
  checkCall('matmul', options, matmulRules);
  if (a.shape.length === 2 && b.shape.length === 2) return matmulOfTwo(a, b, options);
  const attributes = { transposeA: options.transposeA ?? false, transposeB: options.transposeB ?? false };
  const [left, right] = [asMatrix('a', a, attributes.transposeA), asMatrix('b', b, attributes.transposeB)];
  const { K, depthOfB } = productOfTwo(matrixOf(left), matrixOf(right), attributes);
  if (K !== depthOfB)
    throw new ShapeError(
      `matmul: a ${describe(a)} and b ${describe(b)} do not fit for ${attributes.transposeA ? 'aᵀ' : 'a'}·${attributes.transposeB ? 'bᵀ' : 'b'}, expected […,M,K]·[…,K,N].`,
    );
  const c = products(left, right, attributes);
  const isDropped = (axis: number): boolean =>
    (axis === c.shape.length - 2 && a.shape.length === 1) ||
    (axis === c.shape.length - 1 && b.shape.length === 1);
  return a.shape.length === 1 || b.shape.length === 1
    ? reshape(
        c,
        c.shape.filter((_, axis) => !isDropped(axis)),
      )
    : c;
}
