// Matrix product for a GPU: tiles in workgroup memory, register tiles, and optionally a split sum.
//
//   c[m,n] = Σ_k a[m,k] · b[k,n]        with a[k,m] when TRANSPOSE_A and b[n,k] when TRANSPOSE_B
//
// Shapes: a [M,K] (or [K,M]), b [K,N] (or [N,K]) → c [M,N].
// With SLICES > 1 the sum is cut into SLICES parts of consecutive k, c is scratch [SLICES,M,N], and
// forward_gpu_reduce adds the parts in a fixed order: a product with few outputs and a long sum then
// fills a GPU too, and repeats bit for bit.
//
// One workgroup computes TILE_M × TILE_N elements of c, one invocation ROWS × COLUMNS of them in registers. The rounds are
// those of product/inner_loop_gpu.
//
// Why this variant: subgroup-wide kernels leave a GPU's schedulers and its workgroup memory idle.

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
const SLICES: u32 = 1; //! parts of the sum, one per workgroup along z
const GRID_X: u32 = 1; //! workgroups along x; the tiles wrap to y because one dimension allows 65,535

//! include product/tile_gpu
//! include product/inner_loop_gpu

const TILES_N = (N + TILE_N - 1u) / TILE_N;
// Rounds per slice; the last slice may run past K, where the loads give zero.
const ROUNDS = ((K + K_STEP - 1u) / K_STEP + SLICES - 1u) / SLICES;

@group(0) @binding(0) var<storage, read> a: array<A_ELEMENT>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> c: array<f32>;

fn epilogue(value: f32, index: u32, channel: u32) -> f32 { return value; } //! hook

fn a_at(m: u32, k: u32) -> f32 {
  if (m >= M || k >= K) {
    return 0.0;
  }
  return vec4f(a[select(m * K + k, k * M + m, TRANSPOSE_A == 1u)]).x;
}

fn a_quad(m: u32, k: u32) -> vec4f {
  if (A_WIDTH == 4u) {
    if (m >= M || k >= K) {
      return vec4f();
    }
    return vec4f(a[(m * K + k) / 4u]);
  }
  return vec4f(a_at(m, k), a_at(m, k + 1u), a_at(m, k + 2u), a_at(m, k + 3u));
}

fn b_at(k: u32, n: u32) -> f32 {
  if (k >= K || n >= N) {
    return 0.0;
  }
  return b[select(k * N + n, n * K + k, TRANSPOSE_B == 1u)];
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let tile = group.y * GRID_X + group.x;
  let first_m = tile / TILES_N * TILE_M;
  let first_n = tile % TILES_N * TILE_N;
  let tx = column_in_tile(local);
  let ty = row_in_tile(local);

  var sums: Sums;

  for (var round = 0u; round < ROUNDS; round++) {
    let first_k = (group.z * ROUNDS + round) * K_STEP;
    // Adjacent invocations load along the axis that is contiguous in memory.
    for (var load = 0u; load < A_LOADS; load++) {
      let slot = load * THREADS + local;
      let row = select(slot / K_QUADS, slot % TILE_M, TRANSPOSE_A == 1u);
      let quad = select(slot % K_QUADS, slot / TILE_M, TRANSPOSE_A == 1u);
      a_tile[row / THREADS_Y][row % THREADS_Y][quad] = a_quad(first_m + row, first_k + 4u * quad);
    }
    for (var load = 0u; load < B_LOADS; load++) {
      let slot = load * THREADS + local;
      if (slot < STRIPE * K_STEP) {
        let t = select(slot % STRIPE, slot / K_STEP, TRANSPOSE_B == 1u);
        let step = select(slot / STRIPE, slot % K_STEP, TRANSPOSE_B == 1u);
        let k = first_k + step;
        let n = first_n + t;
        b_tile[step][t / THREADS_X][t % THREADS_X] =
          vec4f(b_at(k, n), b_at(k, n + STRIPE), b_at(k, n + 2u * STRIPE), b_at(k, n + 3u * STRIPE));
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
          let index = m * N + n;
          if (SLICES == 1u) {
            c[index] = epilogue(sums[row][j][e], index, n);
          } else {
            // A part of the sum is not a result yet: the reduce pass applies the epilogue.
            c[group.z * (M * N) + index] = sums[row][j][e];
          }
        }
      }
    }
  }
}
