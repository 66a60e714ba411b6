/**
 * The matrix product for CPU implementations of Vulkan: which operand is spread over the lanes, which must be copied
 * first, and the dispatches. shaders/matmul/forward_software.wgsl explains the kernels.
 *
 * The kernel reads one operand along its rows and the other along its columns; c = a·b and cᵀ = bᵀ·aᵀ are the two
 * ways to assign them. An operand stored in the other order is copied first, so the assignment with less to copy is
 * chosen: in a training step, the large operands (weights, activations) are then read in place.
 */
import forwardSoftwareWgsl from '../../shaders/matmul/forward_software.wgsl';
import packColumnsSoftwareWgsl from '../../shaders/matmul/pack_columns_software.wgsl';
import packRowsSoftwareWgsl from '../../shaders/matmul/pack_rows_software.wgsl';
import type { DeviceTraits, Dispatch, Lowering, PrimitiveContext, Variant } from '../engine/primitive.js';
import { registerShaders } from '../engine/shader.js';
import { oneSubgroup } from './grid.js';

registerShaders({
  'matmul/forward_software': forwardSoftwareWgsl,
  'matmul/pack_columns_software': packColumnsSoftwareWgsl,
  'matmul/pack_rows_software': packRowsSoftwareWgsl,
});

type MatmulAttributes = { readonly transposeA: boolean; readonly transposeB: boolean };
type MatmulContext = PrimitiveContext<'a' | 'b', 'c', MatmulAttributes>;

/** A stored matrix: `across` when the sum runs over its first axis. */
interface Operand {
  readonly name: string;
  readonly across: boolean;
}

/** rows [rowCount,K] · columns [K,columnCount], stored transposed when swapped. */
interface Product {
  readonly rows: Operand;
  readonly columns: Operand;
  readonly rowCount: number;
  readonly columnCount: number;
  readonly K: number;
  readonly swapped: boolean;
}

function bothWays({ inputs, outputs, attributes }: MatmulContext): [Product, Product] {
  const { transposeA, transposeB } = attributes;
  const [M = 0, N = 0] = outputs.c.shape;
  const K = inputs.a.shape[transposeA ? 0 : 1] ?? 0;
  const a: Operand = { name: 'a', across: transposeA };
  const b: Operand = { name: 'b', across: !transposeB };
  return [
    { rows: a, columns: b, rowCount: M, columnCount: N, K, swapped: false },
    { rows: b, columns: a, rowCount: N, columnCount: M, K, swapped: true },
  ];
}

/** Columns per lane: vec4 unless vec2 wastes clearly fewer of the SG · vector columns of a tile. */
function laneColumns(columnCount: number, subgroupSize: number): 2 | 4 {
  const padded = (vector: number): number => Math.ceil(columnCount / (subgroupSize * vector)) * vector;
  return padded(4) <= padded(2) * 1.2 ? 4 : 2;
}

const packsRows = ({ rows, K }: Product): boolean => rows.across || K % 4 !== 0;

const packsColumns = ({ columns, columnCount }: Product, vector: number): boolean =>
  !columns.across || columnCount % vector !== 0;

/** Estimated time of a product: copying an element costs about as much as thirty multiply-adds. */
function effort(product: Product, subgroupSize: number): number {
  const { rowCount, columnCount, K } = product;
  const vector = laneColumns(columnCount, subgroupSize);
  const lanes = subgroupSize * vector;
  const sums = Math.ceil(rowCount / 8) * 8 * Math.ceil(columnCount / lanes) * lanes * K;
  const copied =
    (packsRows(product) ? rowCount * K : 0) + (packsColumns(product, vector) ? columnCount * K : 0);
  return sums + 30 * copied;
}

/**
 * Rows per workgroup in groups of eight: many, to load less, but few enough to give every core work, and at most
 * four groups, beyond which the loop exceeds the decoded-instruction cache of the core.
 */
function rowGroups(rowCount: number, columnTiles: number): number {
  const groups = Math.ceil(rowCount / 8);
  const tiles = Math.max(Math.ceil(groups / 4), Math.min(groups, Math.ceil(16 / columnTiles)));
  return Math.min(4, Math.ceil(groups / tiles));
}

function grid(workgroups: number, device: DeviceTraits): [x: number, rest: number] {
  const x = Math.min(workgroups, device.maxWorkgroupsPerDimension);
  return [x, Math.ceil(workgroups / x)];
}

function lower(context: MatmulContext): Lowering {
  const { device } = context;
  const SG = device.subgroupSize;
  const [straight, swapped] = bothWays(context);
  const product = effort(swapped, SG) < effort(straight, SG) ? swapped : straight;
  const { rows, columns, rowCount: ROWS, columnCount: COLUMNS, K } = product;
  const vector = laneColumns(COLUMNS, SG);
  const dispatches: Dispatch[] = [];
  const scratch: Record<string, number> = {};

  const QUADS = Math.ceil(K / 4);
  const copiesRows = packsRows(product);
  if (copiesRows) {
    const [x, z] = grid(Math.ceil(ROWS / SG), device);
    dispatches.push({
      shader: 'matmul/pack_rows_software',
      constants: { ROWS, K, QUADS, TRANSPOSED: rows.across ? 1 : 0, SG, GRID_X: x },
      bindings: { source: rows.name },
      workgroups: [x, Math.ceil(QUADS / 16), z],
    });
    scratch.packed_rows = Math.ceil(ROWS / SG) * SG * QUADS * 16;
  }

  const copiesColumns = packsColumns(product, vector);
  const STRIDE = Math.ceil(COLUMNS / vector) * vector;
  if (copiesColumns) {
    const [x, z] = grid(Math.ceil(STRIDE / SG), device);
    dispatches.push({
      shader: 'matmul/pack_columns_software',
      constants: { COLUMNS, K, STRIDE, TRANSPOSED: columns.across ? 0 : 1, SG, GRID_X: x },
      bindings: { source: columns.name },
      workgroups: [x, Math.ceil(K / 64), z],
    });
    scratch.packed_columns = K * STRIDE * 4;
  }

  const columnTiles = Math.ceil(COLUMNS / (SG * vector));
  const GROUPS = rowGroups(ROWS, columnTiles);
  const [x, z] = grid(Math.ceil(ROWS / (GROUPS * 8)), device);
  dispatches.push({
    shader: 'matmul/forward_software',
    constants: {
      ROWS,
      COLUMNS,
      K,
      ROWS_LANE: copiesRows ? 1 : QUADS,
      ROWS_QUAD: copiesRows ? SG : 1,
      ROWS_TILE: SG * QUADS,
      ROWS_HELD: copiesRows ? Math.ceil(ROWS / SG) * SG : ROWS,
      COLUMNS_STRIDE: STRIDE / vector,
      SWAPPED: product.swapped ? 1 : 0,
      SG,
      LANE_COLUMNS: vector,
      LaneVector: `vec${vector}f`,
      GROUPS,
      GRID_X: x,
    },
    bindings: {
      rows: copiesRows ? 'packed_rows' : rows.name,
      columns: copiesColumns ? 'packed_columns' : columns.name,
    },
    workgroups: [x, columnTiles, z],
  });
  return { dispatches, scratch };
}

export const matmulSoftware: Variant<'a' | 'b', 'c', MatmulAttributes>[] = [
  {
    name: 'software',
    family: 'software',
    hasEpilogue: true,
    requires: oneSubgroup,
    // The other two dimensions of the grid hold at most 65,535 workgroups of 16 columns or 64 terms.
    supports: (context) =>
      bothWays(context).every(
        ({ K, columnCount }) => Math.max(K / 64, columnCount / 8) <= context.device.maxWorkgroupsPerDimension,
      ),
    lower,
  },
];
