// Copies a matrix in the order in which `forward_software` reads its columns, padded with zeros.
//
//   packed[k, n] = columns[k, n]
//
// Shapes: columns [K,COLUMNS], or [COLUMNS,K] when TRANSPOSED → packed [K,STRIDE].
// One invocation copies one column's element at a time, one workgroup RUN rows of SG columns.
//
// Why: columns that are stored across, or whose number is not a multiple of a lane's vector, cannot be loaded as vectors.

const COLUMNS: u32 = 3; //! columns
const K: u32 = 5; //! elements per column
const STRIDE: u32 = 4; //! columns with padding
const TRANSPOSED: u32 = 0; //! 1 when the source is stored [COLUMNS,K]
const SG: u32 = 8; //! subgroup size, which is the workgroup size
const GRID_X: u32 = 65535; //! workgroups along x for the column tiles; the rest is along z

const RUN: u32 = 64;
const COLUMN_TILES = (STRIDE + SG - 1) / SG;

@group(0) @binding(0) var<storage, read> source: array<f32>;
@group(0) @binding(1) var<storage, read_write> packed_columns: array<f32>;

@compute @workgroup_size(SG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let column_tile = group.z * GRID_X + group.x;
  if (column_tile >= COLUMN_TILES) {
    return;
  }
  let n = column_tile * SG + lane;
  for (var k = group.y * RUN; k < min((group.y + 1) * RUN, K); k++) {
    if (n < STRIDE) {
      let inside = n < COLUMNS;
      let value = source[select(0u, select(k * COLUMNS + n, n * K + k, TRANSPOSED == 1), inside)];
      packed_columns[k * STRIDE + n] = select(0f, value, inside);
    }
  }
}
