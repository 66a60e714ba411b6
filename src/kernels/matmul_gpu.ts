/**
 * The matrix product on a real GPU, and what all kernels based on a matrix product share: the tiles, the choice of a
 * tile, and slicing of long sums.
 */
import forwardGpuWgsl from '../../shaders/matmul/forward_gpu.wgsl';
import forwardGpuReduceWgsl from '../../shaders/matmul/forward_gpu_reduce.wgsl';
import forwardGpuThinWgsl from '../../shaders/matmul/forward_gpu_thin.wgsl';
import innerLoopGpuWgsl from '../../shaders/product/inner_loop_gpu.wgsl';
import tileGpuWgsl from '../../shaders/product/tile_gpu.wgsl';
import type { DeviceTraits, Dispatch, Requirements, Variant } from '../engine/primitive.js';
import { registerShaders } from '../engine/shader.js';
import { oneSubgroup } from './grid.js';

registerShaders({
  'matmul/forward_gpu': forwardGpuWgsl,
  'matmul/forward_gpu_reduce': forwardGpuReduceWgsl,
  'matmul/forward_gpu_thin': forwardGpuThinWgsl,
  'product/inner_loop_gpu': innerLoopGpuWgsl,
  'product/tile_gpu': tileGpuWgsl,
});

/** The tile of the result that one workgroup computes. */
export interface Tile {
  /** Rows and columns of the tile, `<rows>x<columns>`; followed by those of an invocation if two tiles have the same size. */
  readonly name: string;
  readonly threadsX: number;
  readonly threadsY: number;
  /** Rows and columns of one invocation. */
  readonly rows: number;
  readonly columns: number;
  /** Terms of the sum per round. */
  readonly kStep: number;
  /** Workgroups below which a large GPU has idle processors (an H100 has 132 and needs two or three on each). */
  readonly leastWorkgroups: number;
}

const [enough, few] = [256, 64];

/**
 * In order of preference: more arithmetic per load first, then more workgroups. Eight by eight sums per invocation read
 * four vec4 of workgroup memory for 64 multiply-adds, four by four two for 16. 64x64_8x8 comes after its equals: it
 * leaves few subgroups per processor to hide loads, so only measuring can judge it.
 */
export const tiles: readonly Tile[] = [
  { name: '128x128', threadsX: 16, threadsY: 16, rows: 8, columns: 8, kStep: 8, leastWorkgroups: enough },
  { name: '128x64', threadsX: 8, threadsY: 16, rows: 8, columns: 8, kStep: 16, leastWorkgroups: enough },
  { name: '256x32', threadsX: 4, threadsY: 32, rows: 8, columns: 8, kStep: 16, leastWorkgroups: enough },
  { name: '128x32', threadsX: 8, threadsY: 16, rows: 8, columns: 4, kStep: 16, leastWorkgroups: enough },
  { name: '64x64', threadsX: 16, threadsY: 16, rows: 4, columns: 4, kStep: 16, leastWorkgroups: enough },
  { name: '64x64_8x8', threadsX: 8, threadsY: 8, rows: 8, columns: 8, kStep: 16, leastWorkgroups: enough },
  { name: '64x32', threadsX: 8, threadsY: 16, rows: 4, columns: 4, kStep: 32, leastWorkgroups: enough },
  { name: '64x16', threadsX: 4, threadsY: 16, rows: 4, columns: 4, kStep: 32, leastWorkgroups: enough },
  { name: '32x32', threadsX: 8, threadsY: 8, rows: 4, columns: 4, kStep: 32, leastWorkgroups: few },
  // Long steps: with so few workgroups, the sequential rounds determine the time.
  { name: '16x16', threadsX: 4, threadsY: 16, rows: 1, columns: 4, kStep: 64, leastWorkgroups: 0 },
];

/** The tiles of these names, in the order of `tiles`. */
export const named = (...names: string[]): Tile[] => tiles.filter((tile) => names.includes(tile.name));

const [quarter] = named('32x32') as [Tile];

/** A matrix product problem: `count` independent products of the same shape. */
export interface Product {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly count?: number;
}

/** Target of a split sum: four workgroups on each of the 132 processors of an H100. */
const wantedWorkgroups = 528;
/** In a shorter slice, overhead dominates. */
const leastRoundsPerSlice = 4;
/** With fewer slices, the second dispatch costs more than idle processors. */
const leastSlices = 4;
/** The slices are written and read once: keep them within the cache of a large GPU and small relative to the product. */
const mostScratchBytes = 14_000_000;
const reduceThreads = 256;

const ceilDiv = (a: number, b: number): number => Math.ceil(a / b);
const roundUp = (a: number, b: number): number => ceilDiv(a, b) * b;

/** Workgroups that cover the result once. */
export function tileCount(tile: Tile, { m, n, count = 1 }: Product): number {
  return ceilDiv(m, tile.threadsY * tile.rows) * ceilDiv(n, tile.threadsX * tile.columns) * count;
}

/** Number of slices of the sum, so that a result of few tiles still fills a GPU; each has at least one term. */
export function sliceCount(tile: Tile, product: Product): number {
  const rounds = ceilDiv(product.k, tile.kStep);
  const wanted = Math.min(
    Math.floor(wantedWorkgroups / tileCount(tile, product)),
    Math.floor(rounds / leastRoundsPerSlice),
    Math.floor(mostScratchBytes / (4 * product.m * product.n)),
  );
  return ceilDiv(rounds, ceilDiv(rounds, Math.max(1, wanted)));
}

/** The workgroup memory of the products: a_tile and b_tile of the shaders. */
export function requirementsOf({ threadsX, threadsY, rows, columns, kStep }: Tile): Requirements {
  const vectors = rows * threadsY * (kStep / 4 + 1) + kStep * (columns / 4) * (threadsX + 1);
  return { limits: { maxWorkgroupStorageBytes: 16 * vectors } };
}

/**
 * Whether a tile suits a problem: little of it lies outside the result, and there are enough
 * workgroups. If 32x32 has too few, 16x16 is accepted, so that every shape has a kernel.
 */
export function suits(tile: Tile, product: Product, slices: number): boolean {
  const { m, n } = product;
  if (tile.name === '16x16') return tileCount(quarter, product) < enough;
  if (tile.leastWorkgroups === 0) return true;
  if (tile.name === '64x16' && n > 16) return false;
  const height = tile.threadsY * tile.rows;
  // Heights between powers of two, only if they fit better.
  if ((height === 96 || height === 160) && roundUp(m, height) >= roundUp(m, 128)) return false;
  const padded = roundUp(m, height) * roundUp(n, tile.threadsX * tile.columns);
  const littleWaste = padded <= 1.25 * roundUp(m, 32) * roundUp(n, 32);
  return littleWaste && tileCount(tile, product) * slices >= tile.leastWorkgroups;
}

/** A dispatch of `count` workgroups, wrapped into y, times `z`, with the constant for the wrap. */
export function grid(
  count: number,
  z: number,
  device: DeviceTraits,
): { readonly x: number; readonly workgroups: Dispatch['workgroups'] } {
  const y = ceilDiv(count, device.maxWorkgroupsPerDimension);
  const x = ceilDiv(count, y);
  return { x, workgroups: [x, y, z] };
}

export function tileConstants(tile: Tile): Record<string, number> {
  return {
    THREADS_X: tile.threadsX,
    THREADS_Y: tile.threadsY,
    ROWS: tile.rows,
    COLUMNS: tile.columns,
    K_STEP: tile.kStep,
  };
}

/** The second dispatch of a split sum: adds `slices` slices of `count` elements. */
export function reduction(
  shader: string,
  count: number,
  slices: number,
  device: DeviceTraits,
  constants: Readonly<Record<string, number>> = {},
): Dispatch {
  // Eight slices per invocation: their loads overlap, while a longer chain would wait for each.
  const lanes = Math.min(32, 2 ** Math.ceil(Math.log2(Math.max(1, slices / 8))));
  const outputs = reduceThreads / lanes;
  const { x, workgroups } = grid(ceilDiv(count, outputs), 1, device);
  return {
    shader,
    constants: { ...constants, COUNT: count, SLICES: slices, LANES: lanes, OUTPUTS: outputs, GRID_X: x },
    workgroups,
  };
}

/** For the binding `name`: read it as vec4 when four consecutive elements are used together. */
export function elements(name: string, asVec4: boolean): Record<string, number | string> {
  return { [`${name}_ELEMENT`]: asVec4 ? 'vec4f' : 'f32', [`${name}_WIDTH`]: asVec4 ? 4 : 1 };
}

type MatmulVariant = Variant<'a' | 'b', 'c', { readonly transposeA: boolean; readonly transposeB: boolean }>;
type MatmulContext = Parameters<MatmulVariant['lower']>[0];

function productOf({ inputs, outputs, attributes }: MatmulContext): Product {
  const [m = 0, n = 0] = outputs.c.shape;
  const k = inputs.a.shape[attributes.transposeA ? 0 : 1] ?? 0;
  return { m, n, k };
}

function matmul(context: MatmulContext, tile: Tile, slices: number): Dispatch {
  const { m, n, k } = productOf(context);
  const { transposeA, transposeB } = context.attributes;
  const { x, workgroups } = grid(tileCount(tile, { m, n, k }), slices, context.device);
  return {
    shader: 'matmul/forward_gpu',
    constants: {
      M: m,
      N: n,
      K: k,
      TRANSPOSE_A: Number(transposeA),
      TRANSPOSE_B: Number(transposeB),
      ...elements('A', !transposeA && k % 4 === 0),
      ...tileConstants(tile),
      SLICES: slices,
      GRID_X: x,
    },
    workgroups,
  };
}

function whole(tile: Tile): MatmulVariant {
  return {
    name: `gpu_${tile.name}`,
    family: 'gpu',
    hasEpilogue: true,
    requires: requirementsOf(tile),
    supports: (context) => suits(tile, productOf(context), 1),
    lower: (context) => ({ dispatches: [matmul(context, tile, 1)] }),
  };
}

/** A split sum, for products whose outputs do not fill a GPU, such as a wide dense layer on one batch. */
function split(tile: Tile): MatmulVariant {
  return {
    name: `gpu_${tile.name}_split`,
    family: 'gpu',
    hasEpilogue: true,
    requires: requirementsOf(tile),
    supports(context) {
      const product = productOf(context);
      const slices = sliceCount(tile, product);
      const hasFewOutputs = tileCount(quarter, product) < enough;
      return hasFewOutputs && slices >= leastSlices && suits(tile, product, slices);
    },
    lower(context) {
      const product = productOf(context);
      const slices = sliceCount(tile, product);
      const count = product.m * product.n;
      return {
        dispatches: [
          { ...matmul(context, tile, slices), bindings: { c: 'partial' } },
          reduction('matmul/forward_gpu_reduce', count, slices, context.device, { CHANNELS: product.n }),
        ],
        scratch: { partial: 4 * slices * count },
      };
    },
  };
}

/** Columns whose sums one invocation keeps, and the number of rows from which tiles fill a GPU. */
const [mostThinColumns, mostThinRows] = [16, 4096];

/** One subgroup per row, for the few columns of a classifier's last layer. */
const thin: MatmulVariant = {
  name: 'gpu_thin',
  family: 'gpu',
  hasEpilogue: true,
  requires: oneSubgroup,
  supports: ({ outputs, attributes }) =>
    !attributes.transposeA &&
    (outputs.c.shape[1] as number) <= mostThinColumns &&
    (outputs.c.shape[0] as number) <= mostThinRows,
  lower: (context) => {
    const { m, n, k } = productOf(context);
    const { workgroups } = grid(m, 1, context.device);
    const constants = {
      M: m,
      N: n,
      K: k,
      TRANSPOSE_B: Number(context.attributes.transposeB),
      SG: context.device.subgroupSize,
    };
    return { dispatches: [{ shader: 'matmul/forward_gpu_thin', constants, workgroups }] };
  },
};

/** Whole sums if they fill the device, then split sums, then the small tile for the remaining shapes. */
export const matmulGpu: readonly MatmulVariant[] = [
  thin,
  ...named('128x128', '128x64', '64x64', '64x64_8x8', '64x32').map(whole),
  ...named('128x64', '64x64', '32x32').map(split),
  ...named('64x16', '32x32', '16x16').map(whole),
];
