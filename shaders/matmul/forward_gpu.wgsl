// Matrix product for a GPU: tiles in workgroup memory, register tiles, and optionally a split sum.
//
//   c[m,n] = Σ_k a[m,k] · b[k,n]        with a[k,m] when TRANSPOSE_A and b[n,k] when TRANSPOSE_B
//
// Shapes: a [M,K] (or [K,M]), b [K,N] (or [N,K]) → c [M,N].
// With SLICES > 1 the sum is cut into SLICES parts of consecutive k, c is scratch [SLICES,M,N], and
// forward_gpu_reduce adds the parts in a fixed order: a product with few outputs and a long sum then
// fills a GPU too, and repeats bit for bit.
//
// One workgroup computes TILE_M × TILE_N elements of c. Each round it brings K_STEP columns of a and
// K_STEP rows of b into workgroup memory, so that every element is read from memory once per tile.
// One invocation computes ROWS × COLUMNS of them in registers: each vec4 read from workgroup memory
// then feeds many multiply-adds, which is what bounds this kernel.
// The columns of one vec4 stand STRIPE apart, so that neighbours in a workgroup load and store
// neighbouring words for any N, without a vec4 view of b or c.
//
// Why this variant: subgroup-wide kernels leave a GPU's schedulers and its workgroup memory idle.

const M: u32 = 5; //! rows of c
const N: u32 = 6; //! columns of c
const K: u32 = 7; //! length of the sum
const TRANSPOSE_A: u32 = 0; //! 1 when a is stored [K,M]
const TRANSPOSE_B: u32 = 0; //! 1 when b is stored [N,K]
alias A_ELEMENT = f32; //! vec4f when four consecutive k lie together and aligned, that is a [M,K] with K % 4 = 0
const A_WIDTH: u32 = 1; //! scalars in an A_ELEMENT
const THREADS_X: u32 = 8; //! invocations side by side along the columns of c
const THREADS_Y: u32 = 8; //! invocations side by side along the rows of c
const ROWS: u32 = 4; //! rows of c per invocation
const COLUMNS: u32 = 4; //! columns of c per invocation, a multiple of four
const K_STEP: u32 = 16; //! terms of the sum per round, a multiple of four
const SLICES: u32 = 1; //! parts of the sum, one per workgroup along z
const GRID_X: u32 = 1; //! workgroups along x; the tiles wrap to y because one dimension allows 65,535

const THREADS = THREADS_X * THREADS_Y;
const QUADS = COLUMNS / 4u;
const TILE_M = THREADS_Y * ROWS;
const TILE_N = THREADS_X * COLUMNS;
const TILES_N = (N + TILE_N - 1u) / TILE_N;
// Distance between the four columns of one vec4.
const STRIPE = TILE_N / 4u;
const K_QUADS = K_STEP / 4u;
// Rounds per slice; the last slice may run past K, where the loads give zero.
const ROUNDS = ((K + K_STEP - 1u) / K_STEP + SLICES - 1u) / SLICES;
// vec4 of each tile that one invocation brings in per round; of b the last may be one too many.
const A_LOADS = TILE_M * K_QUADS / THREADS;
const B_LOADS = (STRIPE * K_STEP + THREADS - 1u) / THREADS;
const_assert A_LOADS * THREADS == TILE_M * K_QUADS;
// Invocations side by side in a subgroup: eight by four read the least from workgroup memory.
const WIDE = min(THREADS_X, 8u);

@group(0) @binding(0) var<storage, read> a: array<A_ELEMENT>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> c: array<f32>;

// Only the thread coordinate of these arrays is dynamic in the inner loop, so that the clamps which
// robustness adds are computed once. Neighbours read neighbouring rows, and the vec4 too many per row
// puts those on different banks.
// a_tile[row / THREADS_Y][row % THREADS_Y][k / 4] holds four consecutive terms of a row.
var<workgroup> a_tile: array<array<array<vec4f, K_QUADS + 1u>, THREADS_Y>, ROWS>;
// b_tile[k][t / THREADS_X][t % THREADS_X] holds the columns t, t + STRIPE, t + 2 STRIPE, t + 3 STRIPE.
var<workgroup> b_tile: array<array<array<vec4f, THREADS_X + 1u>, QUADS>, K_STEP>;

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
  let tx = local / (WIDE * THREADS_Y) * WIDE + local % WIDE;
  let ty = local / WIDE % THREADS_Y;

  var sum: array<array<vec4f, QUADS>, ROWS>;
  var b0: array<vec4f, QUADS>;
  var b1: array<vec4f, QUADS>;
  var b2: array<vec4f, QUADS>;
  var b3: array<vec4f, QUADS>;

  for (var round = 0u; round < ROUNDS; round++) {
    let first_k = (group.z * ROUNDS + round) * K_STEP;
    // Neighbours load along the axis that is contiguous in memory.
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

    for (var quad = 0u; quad < K_QUADS; quad++) {
      for (var j = 0u; j < QUADS; j++) {
        b0[j] = b_tile[4u * quad][j][tx];
        b1[j] = b_tile[4u * quad + 1u][j][tx];
        b2[j] = b_tile[4u * quad + 2u][j][tx];
        b3[j] = b_tile[4u * quad + 3u][j][tx];
      }
      for (var row = 0u; row < ROWS; row++) {
        let four = a_tile[row][ty][quad];
        for (var j = 0u; j < QUADS; j++) {
          sum[row][j] = fma(vec4f(four.w), b3[j], fma(vec4f(four.z), b2[j],
            fma(vec4f(four.y), b1[j], fma(vec4f(four.x), b0[j], sum[row][j]))));
        }
      }
    }
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
            c[index] = epilogue(sum[row][j][e], index, n);
          } else {
            // A part of the sum is no value yet: the reduce pass applies the epilogue.
            c[group.z * (M * N) + index] = sum[row][j][e];
          }
        }
      }
    }
  }
}
