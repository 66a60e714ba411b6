// Copies a matrix in the order in which `forward_software` reads its rows, padded with zeros.
//
//   packed[t, u, l, v] = rows[t·SG + l, 4u + v]
//
// Shapes: rows [ROWS,K], or [K,ROWS] when TRANSPOSED → packed [ceil(ROWS/SG), QUADS, SG, 4].
// One invocation copies four k of one row at a time, one workgroup RUN of those for SG rows.
//
// Why: rows that are stored across, or whose length is not a multiple of four, cannot be loaded as vec4f.

const ROWS: u32 = 3; //! rows
const K: u32 = 5; //! elements per row
const QUADS: u32 = 2; //! ceil(K / 4)
const TRANSPOSED: u32 = 0; //! 1 when the source is stored [K,ROWS]
const SG: u32 = 8; //! subgroup size, which is the workgroup size
const GRID_X: u32 = 65535; //! workgroups along x for the row tiles; the rest is along z

const RUN: u32 = 16;
const ROW_TILES = (ROWS + SG - 1) / SG;

@group(0) @binding(0) var<storage, read> source: array<f32>;
@group(0) @binding(1) var<storage, read_write> packed_rows: array<vec4f>;

@compute @workgroup_size(SG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row_tile = group.z * GRID_X + group.x;
  if (row_tile >= ROW_TILES) {
    return;
  }
  let row = row_tile * SG + lane;
  for (var u = group.y * RUN; u < min((group.y + 1) * RUN, QUADS); u++) {
    var quad: vec4f;
    for (var v = 0u; v < 4; v++) {
      let k = u * 4 + v;
      let inside = row < ROWS && k < K;
      quad[v] = select(0f, source[select(0u, select(row * K + k, k * ROWS + row, TRANSPOSED == 1), inside)], inside);
    }
    packed_rows[(row_tile * QUADS + u) * SG + lane] = quad;
  }
}
