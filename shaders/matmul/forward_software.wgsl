// Matrix product for CPU implementations of Vulkan, where an invocation is a SIMD lane.
//
//   c[r,n] = Σ_k rows[r,k] · columns[k,n]
//
// Shapes: rows [ROWS,K], read as vec4f along k, columns [K,COLUMNS], read as LaneVector along n → c [ROWS,COLUMNS],
// or c [COLUMNS,ROWS] when SWAPPED. Either operand is read where it is or from a copy made by `pack_rows_software` or
// `pack_columns_software`; the strides say where its elements are.
// One invocation owns LANE_COLUMNS consecutive columns of TILE_ROWS rows; one workgroup is one subgroup and so makes a
// tile of TILE_ROWS × SG · LANE_COLUMNS.
//
// Why this variant: on such a device a load is a branch and a scalar move for every lane, as expensive as some
// twenty multiply-adds of a whole vector, while broadcasting a lane's value costs next to nothing. Hence a lane loads
// four k of one row and every multiply-add takes its row by shuffle. Four k are summed at once, because storing a
// variable inside a loop costs a blend. The groups, and the one array of sums: see `conv2d/forward_software`.
// Measured on 2 cores, llvmpipe 8 wide: 128×3136 · 3136×256 63 GFLOP/s and its two gradients 55 GFLOP/s.

enable subgroups;

const ROWS: u32 = 3; //! rows
const COLUMNS: u32 = 3; //! columns
const K: u32 = 5; //! terms of each sum
const ROWS_LANE: u32 = 1; //! vec4f from one row to the next
const ROWS_QUAD: u32 = 8; //! vec4f from four k to the next four
const ROWS_TILE: u32 = 16; //! vec4f from SG rows to the next SG rows
const ROWS_HELD: u32 = 8; //! rows that the operand has, padding included
const COLUMNS_STRIDE: u32 = 1; //! LaneVectors from one k to the next
const SWAPPED: u32 = 0; //! 1 stores c transposed
const SG: u32 = 8; //! subgroup size, which is the workgroup size
const LANE_COLUMNS: u32 = 4; //! consecutive columns per lane, the length of LaneVector
alias LaneVector = vec4f; //! one value for each column of a lane
const GROUPS: u32 = 1; //! groups of rows per workgroup, at most 8
const GRID_X: u32 = 65535; //! workgroups along x; the rest of the list of tiles is along z

const GROUP_ROWS: u32 = 8;
const TILE_ROWS = GROUPS * GROUP_ROWS;
const ROW_TILES = (ROWS + TILE_ROWS - 1) / TILE_ROWS;
// Loads per four k: the lanes hold SG rows each time.
const LOADS = (TILE_ROWS + SG - 1) / SG;

alias Sums = array<LaneVector, TILE_ROWS>;

@group(0) @binding(0) var<storage, read> rows: array<vec4f>;
@group(0) @binding(1) var<storage, read> columns: array<LaneVector>;
@group(0) @binding(2) var<storage, read_write> c: array<f32>;

fn epilogue(value: f32, index: u32, channel: u32) -> f32 { return value; } //! hook

/// Adds four k to the GROUP_ROWS rows from `first` on.
fn accumulate(
  sums: ptr<function, Sums>,
  row: ptr<function, array<vec4f, LOADS>>,
  column: ptr<function, array<LaneVector, 4>>,
  first: u32,
) {
  for (var r = 0u; r < GROUP_ROWS; r++) {
    let value = subgroupShuffle((*row)[(first + r) / SG], (first + r) % SG);
    let sum = (*sums)[first + r];
    (*sums)[first + r] = fma(LaneVector(value.w), (*column)[3], fma(LaneVector(value.z), (*column)[2],
      fma(LaneVector(value.y), (*column)[1], fma(LaneVector(value.x), (*column)[0], sum))));
  }
}

@compute @workgroup_size(SG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row_tile = group.z * GRID_X + group.x;
  if (row_tile >= ROW_TILES) {
    return;
  }
  let first_row = row_tile * TILE_ROWS;
  // Rows and columns past the last repeat the last one and are not stored.
  var row_offset: array<u32, LOADS>;
  for (var g = 0u; g < LOADS; g++) {
    let row = min(first_row + g * SG + lane, ROWS_HELD - 1);
    row_offset[g] = row / SG * ROWS_TILE + row % SG * ROWS_LANE;
  }
  let column_offset = min(group.y * SG + lane, COLUMNS_STRIDE - 1);

  var sums: Sums;
  for (var k = 0u; k < K; k += 4) {
    var column: array<LaneVector, 4>;
    for (var t = 0u; t < 4; t++) {
      // Only the last step of a K that is not a multiple of four has terms past K: zeros there and in `rows`, since an
      // infinity times zero would spoil the sum.
      let value = columns[min(k + t, K - 1) * COLUMNS_STRIDE + column_offset];
      column[t] = select(value, LaneVector(), K % 4 != 0 && k + t >= K);
    }
    var row: array<vec4f, LOADS>;
    for (var g = 0u; g < LOADS; g++) {
      row[g] = rows[row_offset[g] + k / 4 * ROWS_QUAD];
    }
    accumulate(&sums, &row, &column, 0);
    if (GROUPS > 1) { accumulate(&sums, &row, &column, GROUP_ROWS); }
    if (GROUPS > 2) { accumulate(&sums, &row, &column, 2 * GROUP_ROWS); }
    if (GROUPS > 3) { accumulate(&sums, &row, &column, 3 * GROUP_ROWS); }
    if (GROUPS > 4) { accumulate(&sums, &row, &column, 4 * GROUP_ROWS); }
    if (GROUPS > 5) { accumulate(&sums, &row, &column, 5 * GROUP_ROWS); }
    if (GROUPS > 6) { accumulate(&sums, &row, &column, 6 * GROUP_ROWS); }
    if (GROUPS > 7) { accumulate(&sums, &row, &column, 7 * GROUP_ROWS); }
  }

  for (var r = first_row; r < min(first_row + TILE_ROWS, ROWS); r++) {
    let values = sums[r - first_row];
    for (var v = 0u; v < LANE_COLUMNS; v++) {
      let n = (group.y * SG + lane) * LANE_COLUMNS + v;
      if (n < COLUMNS) {
        if (SWAPPED == 1) {
          c[n * ROWS + r] = epilogue(values[v], n * ROWS + r, r);
        } else {
          c[r * COLUMNS + n] = epilogue(values[v], r * COLUMNS + n, n);
        }
      }
    }
  }
}
