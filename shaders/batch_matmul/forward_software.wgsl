// c[o, i, m, n] = Σ_k a[o, i, m, k] · b[o, i, k, n] for CPU implementations of Vulkan, where an invocation is a SIMD lane.
//
// Shapes: a [OUTER,INNER,M,K] (or stored […,K,M] when TRANSPOSE_A is 1), b [OUTER,INNER,K,N] (or […,N,K] when TRANSPOSE_B is
// 1) → c [OUTER,INNER,M,N]. Along OUTER and INNER an operand may have one matrix for all, whose stride is 0.
// One workgroup is one subgroup and computes ROWS rows of SG columns of one product, a lane one column.
//
// Why this variant: on such a device a load costs as much as some twenty multiply-adds of a whole vector, and the value of
// another lane next to nothing. So the lanes load the rows of a together, four k of a row each, and take them by shuffle.

enable subgroups;

const INNER: u32 = 3; //! matrices of c per step along OUTER
const A_OUTER: u32 = 24; //! elements of a from one step along OUTER to the next
const A_INNER: u32 = 8; //! the same along INNER
const B_OUTER: u32 = 36; //! elements of b from one step along OUTER to the next
const B_INNER: u32 = 12; //! the same along INNER
const M: u32 = 2; //! rows of c
const N: u32 = 3; //! columns of c
const K: u32 = 4; //! terms of each sum
const TRANSPOSE_A: u32 = 0; //! 1 when a is stored [K,M]
const TRANSPOSE_B: u32 = 0; //! 1 when b is stored [N,K]
const SG: u32 = 8; //! subgroup size, which is the workgroup size
const GRID_X: u32 = 1; //! workgroups along x; the tiles wrap to y because one dimension allows 65,535
const A_ROW: u32 = select(K, 1u, TRANSPOSE_A == 1u);
const A_STEP: u32 = select(1u, M, TRANSPOSE_A == 1u);
const B_STEP: u32 = select(N, 1u, TRANSPOSE_B == 1u);
const B_COLUMN: u32 = select(1u, K, TRANSPOSE_B == 1u);

const ROWS: u32 = 16;
const TILES_N = (N + SG - 1u) / SG;
const TILES = (M + ROWS - 1u) / ROWS * TILES_N;
// Loads per four k: the lanes hold SG rows each time.
const LOADS = (ROWS + SG - 1u) / SG;

@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> c: array<f32>;

fn epilogue(value: f32, index: u32, channel: u32) -> f32 { return value; } //! hook

// Four terms from `first` on, 0 past the last: an infinity times the zero of the other factor would spoil the sum.
fn a_quad(first: u32, k: u32) -> vec4f {
  var quad: vec4f;
  for (var t = 0u; t < 4u; t++) {
    quad[t] = select(a[first + min(k + t, K - 1u) * A_STEP], 0.0, k + t >= K);
  }
  return quad;
}

fn b_quad(first: u32, k: u32) -> vec4f {
  var quad: vec4f;
  for (var t = 0u; t < 4u; t++) {
    quad[t] = select(b[first + min(k + t, K - 1u) * B_STEP], 0.0, k + t >= K);
  }
  return quad;
}

@compute @workgroup_size(SG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let tile = group.y * GRID_X + group.x;
  if (tile >= TILES) {
    return;
  }
  let first_m = tile / TILES_N * ROWS;
  let n = tile % TILES_N * SG + lane;
  let outer = group.z / INNER;
  let inner = group.z % INNER;
  // Rows and columns past the last repeat the last one and are not stored.
  let first_b = outer * B_OUTER + inner * B_INNER + min(n, N - 1u) * B_COLUMN;
  var first_a: array<u32, LOADS>;
  for (var g = 0u; g < LOADS; g++) {
    first_a[g] = outer * A_OUTER + inner * A_INNER + min(first_m + g * SG + lane, M - 1u) * A_ROW;
  }
  var sums: array<f32, ROWS>;
  for (var k = 0u; k < K; k += 4u) {
    let column = b_quad(first_b, k);
    var row: array<vec4f, LOADS>;
    for (var g = 0u; g < LOADS; g++) {
      row[g] = a_quad(first_a[g], k);
    }
    for (var r = 0u; r < ROWS; r++) {
      let value = subgroupShuffle(row[r / SG], r % SG);
      sums[r] = fma(value.w, column.w, fma(value.z, column.z, fma(value.y, column.y, fma(value.x, column.x, sums[r]))));
    }
  }
  for (var r = 0u; r < min(ROWS, M - first_m); r++) {
    if (n < N) {
      let index = (group.z * M + first_m + r) * N + n;
      c[index] = epilogue(sums[r], index, n);
    }
  }
}
