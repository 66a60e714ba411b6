// c[o, i, m, n] = Σ_k a[o, i, m, k] · b[o, i, k, n] for a GPU: tiles in workgroup memory, register tiles, a product per z.
//
// Shapes: a [OUTER,INNER,M,K] (or stored […,K,M] when TRANSPOSE_A is 1), b [OUTER,INNER,K,N] (or […,N,K] when TRANSPOSE_B is
// 1) → c [OUTER,INNER,M,N]. Along OUTER and INNER an operand may have one matrix for all, whose stride is 0.
// One workgroup computes TILE_M × TILE_N elements of one product, one invocation ROWS × COLUMNS of them in registers. The
// rounds are those of product/inner_loop_gpu; a single product is computed by matmul/forward_gpu.

const INNER: u32 = 3; //! matrices of c per step along OUTER
const A_OUTER: u32 = 105; //! elements of a from one step along OUTER to the next
const A_INNER: u32 = 35; //! the same along INNER
const B_OUTER: u32 = 126; //! elements of b from one step along OUTER to the next
const B_INNER: u32 = 42; //! the same along INNER
const M: u32 = 5; //! rows of c
const N: u32 = 6; //! columns of c
const K: u32 = 7; //! length of the sum
const TRANSPOSE_A: u32 = 0; //! 1 when a is stored [K,M]
const TRANSPOSE_B: u32 = 0; //! 1 when b is stored [N,K]
alias A_ELEMENT = f32; //! vec4f when four consecutive k are contiguous and aligned, that is a [M,K] with K % 4 = 0
const A_WIDTH: u32 = 1; //! scalars in an A_ELEMENT
const THREADS_X: u32 = 8; //! invocations side by side along the columns of c
const THREADS_Y: u32 = 8; //! invocations side by side along the rows of c
const ROWS: u32 = 4; //! rows of c per invocation
const COLUMNS: u32 = 4; //! columns of c per invocation, a multiple of four
const K_STEP: u32 = 16; //! terms of the sum per round, a multiple of four
const GRID_X: u32 = 1; //! workgroups along x; the tiles wrap to y because one dimension allows 65,535

//! include product/tile_gpu
//! include product/inner_loop_gpu

const TILES_N = (N + TILE_N - 1u) / TILE_N;

@group(0) @binding(0) var<storage, read> a: array<A_ELEMENT>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> c: array<f32>;

fn epilogue(value: f32, index: u32, channel: u32) -> f32 { return value; } //! hook

fn a_at(first: u32, m: u32, k: u32) -> f32 {
  if (m >= M || k >= K) {
    return 0.0;
  }
  return vec4f(a[first + select(m * K + k, k * M + m, TRANSPOSE_A == 1u)]).x;
}

fn a_quad(first: u32, m: u32, k: u32) -> vec4f {
  if (A_WIDTH == 4u) {
    if (m >= M || k >= K) {
      return vec4f();
    }
    return vec4f(a[(first + m * K + k) / 4u]);
  }
  return vec4f(a_at(first, m, k), a_at(first, m, k + 1u), a_at(first, m, k + 2u), a_at(first, m, k + 3u));
}

fn b_at(first: u32, k: u32, n: u32) -> f32 {
  if (k >= K || n >= N) {
    return 0.0;
  }
  return b[first + select(k * N + n, n * K + k, TRANSPOSE_B == 1u)];
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let tile = group.y * GRID_X + group.x;
  let first_m = tile / TILES_N * TILE_M;
  let first_n = tile % TILES_N * TILE_N;
  let first_a = group.z / INNER * A_OUTER + group.z % INNER * A_INNER;
  let first_b = group.z / INNER * B_OUTER + group.z % INNER * B_INNER;
  let tx = column_in_tile(local);
  let ty = row_in_tile(local);

  var sums: Sums;

  for (var first_k = 0u; first_k < K; first_k += K_STEP) {
    // Adjacent invocations load along the axis that is contiguous in memory.
    for (var load = 0u; load < A_LOADS; load++) {
      let slot = load * THREADS + local;
      let row = select(slot / K_QUADS, slot % TILE_M, TRANSPOSE_A == 1u);
      let quad = select(slot % K_QUADS, slot / TILE_M, TRANSPOSE_A == 1u);
      a_tile[row / THREADS_Y][row % THREADS_Y][quad] = a_quad(first_a, first_m + row, first_k + 4u * quad);
    }
    for (var load = 0u; load < B_LOADS; load++) {
      let slot = load * THREADS + local;
      if (slot < STRIPE * K_STEP) {
        let t = select(slot % STRIPE, slot / K_STEP, TRANSPOSE_B == 1u);
        let step = select(slot / STRIPE, slot % K_STEP, TRANSPOSE_B == 1u);
        let k = first_k + step;
        let n = first_n + t;
        b_tile[step][t / THREADS_X][t % THREADS_X] = vec4f(b_at(first_b, k, n), b_at(first_b, k, n + STRIPE),
          b_at(first_b, k, n + 2u * STRIPE), b_at(first_b, k, n + 3u * STRIPE));
      }
    }
    workgroupBarrier();

    add_product(&sums, tx, ty);
    workgroupBarrier();
  }

  for (var row = 0u; row < ROWS; row++) {
    let m = first_m + row * THREADS_Y + ty;
    for (var j = 0u; j < QUADS; j++) {
      for (var e = 0u; e < 4u; e++) {
        let n = first_n + e * STRIPE + j * THREADS_X + tx;
        if (m < M && n < N) {
          let index = (group.z * M + m) * N + n;
          c[index] = epilogue(sums[row][j][e], index, n);
        }
      }
    }
  }
}
