// Gradient of a 2-D convolution by its kernel, for a GPU: a matrix product with a split sum.
//
//   dkernel[i,j,c,o] = Σ_{n,p,q} x[n, p·STRIDE_H + i − PAD_TOP, q·STRIDE_W + j − PAD_LEFT, c] · dy[n,p,q,o]
//
//   dbias[o] = Σ_{n,p,q} dy[n,p,q,o]
//
// Shapes: x [N,H,W,C], dy [N,P,Q,O] → partial [SLICES, KH,KW,C,O] and bias_partial [SLICES,O], with SLICES = 1 dkernel
// and dbias themselves.
// As a product: one row per m = (i,j,c), one column per output channel o, and the sum over the output
// pixels k = (n,p,q). There are few outputs and a very long sum, so the pixels are cut into SLICES parts
// of consecutive pixels, each summed by separate workgroups; kernel_gradient_gpu_reduce adds the parts
// in a fixed order. Nothing is added atomically, so the same inputs give the same bits.
//
// One workgroup computes TILE_M × TILE_N elements over one slice. Each round it gathers K_STEP pixels
// into workgroup memory: from x the values under the taps, from dy all channels of the tile. One invocation
// computes ROWS × COLUMNS elements in registers. The rows of one vec4 are consecutive (channels of x
// are contiguous); the columns of one vec4 are STRIPE apart, so that adjacent invocations load and store adjacent words for
// any O. Each invocation also adds up the elements of dy that it loads, always of the same four columns; the workgroups of
// the first row of tiles compute dbias from these sums.
//
// Why this variant: the patches of x never go through memory, and each vec4 from workgroup memory feeds
// many multiply-adds.

const N: u32 = 2; //! images
const H: u32 = 7; //! height of x
const W: u32 = 7; //! width of x
const C: u32 = 3; //! channels of x
const KH: u32 = 3; //! height of the window
const KW: u32 = 3; //! width of the window
const P: u32 = 7; //! height of dy
const Q: u32 = 7; //! width of dy
const O: u32 = 5; //! channels of dy
const STRIDE_H: u32 = 1; //! step of the window down the image
const STRIDE_W: u32 = 1; //! step of the window along a row
const PAD_TOP: u32 = 1; //! rows of zeros above x
const PAD_LEFT: u32 = 1; //! columns of zeros left of x
alias X_ELEMENT = f32; //! vec4f when C is a multiple of four, else f32
const X_WIDTH: u32 = 1; //! scalars in an X_ELEMENT
const THREADS_X: u32 = 8; //! invocations side by side along the channels of dy
const THREADS_Y: u32 = 8; //! invocations side by side along the rows (i,j,c)
const ROWS: u32 = 4; //! rows per invocation, a multiple of four
const COLUMNS: u32 = 4; //! columns per invocation, a multiple of four
const K_STEP: u32 = 16; //! pixels per round
const SLICES: u32 = 1; //! parts of the sum, one per workgroup along z
const GRID_X: u32 = 1; //! workgroups along x; the tiles wrap to y because one dimension allows 65,535

//! include product/tile_gpu

const M = KH * KW * C;
const PIXELS = N * P * Q;
const ROW_QUADS = ROWS / 4u;
const TILES_N = (O + TILE_N - 1u) / TILE_N;
const TILE_M_QUADS = TILE_M / 4u;
// Rounds per slice; the last slice may run past the pixels, where the loads give zero.
const ROUNDS = ((PIXELS + K_STEP - 1u) / K_STEP + SLICES - 1u) / SLICES;
// vec4 of the left factor that one invocation loads per round.
const A_LOADS = TILE_M_QUADS * K_STEP / THREADS;
const_assert A_LOADS * THREADS == TILE_M_QUADS * K_STEP;
// An invocation gathers the same rows in every round.
const_assert THREADS % TILE_M_QUADS == 0u;
// And the same columns, THREADS / STRIPE invocations each; at the end b_tile has room for the sums of all.
const COLUMN_SHARERS = THREADS / STRIPE;
const_assert THREADS % STRIPE == 0u && COLUMN_SHARERS <= K_STEP;
// A row that no image has. The sum of two of them is such a row too: a tap and a pixel may both be outside.
const OUTSIDE = 0x40000000u;

@group(0) @binding(0) var<storage, read> x: array<X_ELEMENT>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> partial: array<f32>;
@group(0) @binding(3) var<storage, read_write> bias_partial: array<f32>;

fn epilogue(value: f32, index: u32, channel: u32) -> f32 { return value; } //! hook

// Only the thread coordinate of these arrays is dynamic in the inner loop, so that the clamps which
// robustness adds are computed once.
// a_tile[pixel][quad / THREADS_Y][quad % THREADS_Y] holds the rows 4·quad to 4·quad + 3.
var<workgroup> a_tile: array<array<array<vec4f, THREADS_Y>, ROW_QUADS>, K_STEP>;
// b_tile[pixel][t / THREADS_X][t % THREADS_X] holds the columns t, t + STRIPE, t + 2 STRIPE, t + 3 STRIPE.
var<workgroup> b_tile: array<array<array<vec4f, THREADS_X>, QUADS>, K_STEP>;

// A tap and a channel of x. Above or left of the image h and w wrap, and again when a pixel's place is
// added, so that one comparison catches both sides.
struct Tap {
  offset: u32, // flat distance from the window's start without the padding; wraps as well
  h: u32, // i − PAD_TOP
  w: u32, // j − PAD_LEFT
}

fn tap_of(m: u32) -> Tap {
  let h = m / (KW * C) - PAD_TOP;
  let w = m / C % KW - PAD_LEFT;
  return Tap((h * W + w) * C + m % C, select(OUTSIDE, h, m < M), w);
}

// Where the window of an output pixel starts, without the padding.
struct Pixel {
  first: u32, // flat index of the first channel there
  h: u32,
  w: u32,
}

fn pixel_of(k: u32) -> Pixel {
  let h = k / Q % P * STRIDE_H;
  let w = k % Q * STRIDE_W;
  let first = ((k / Q / P * H + h) * W + w) * C;
  return Pixel(first, select(OUTSIDE, h, k < PIXELS), w);
}

fn x_at(pixel: Pixel, tap: Tap) -> f32 {
  if (pixel.h + tap.h >= H || pixel.w + tap.w >= W) {
    return 0.0;
  }
  return vec4f(x[pixel.first + tap.offset]).x;
}

// Four consecutive rows at one pixel; with C a multiple of four they share a tap.
fn x_quad(pixel: Pixel, tap: Tap, tap1: Tap, tap2: Tap, tap3: Tap) -> vec4f {
  if (X_WIDTH == 4u) {
    if (pixel.h + tap.h >= H || pixel.w + tap.w >= W) {
      return vec4f();
    }
    return vec4f(x[(pixel.first + tap.offset) / 4u]);
  }
  return vec4f(x_at(pixel, tap), x_at(pixel, tap1), x_at(pixel, tap2), x_at(pixel, tap3));
}

fn dy_at(k: u32, o: u32) -> f32 {
  if (k >= PIXELS || o >= O) {
    return 0.0;
  }
  return dy[k * O + o];
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let tile = group.y * GRID_X + group.x;
  let first_m = tile / TILES_N * TILE_M;
  let first_o = tile % TILES_N * TILE_N;
  let tx = column_in_tile(local);
  let ty = row_in_tile(local);

  // The rows are the same in every round: their divisions are done once.
  let quad = local % TILE_M_QUADS;
  let m = first_m + 4u * quad;
  let tap = tap_of(m);
  let tap1 = tap_of(m + 1u);
  let tap2 = tap_of(m + 2u);
  let tap3 = tap_of(m + 3u);
  let t = local % STRIPE;

  var sum: array<array<vec4f, QUADS>, ROWS>;
  var b: array<vec4f, QUADS>;
  var column_sums = vec4f();

  for (var round = 0u; round < ROUNDS; round++) {
    let first_k = (group.z * ROUNDS + round) * K_STEP;
    for (var load = 0u; load < A_LOADS; load++) {
      let step = (load * THREADS + local) / TILE_M_QUADS;
      let pixel = pixel_of(first_k + step);
      a_tile[step][quad / THREADS_Y][quad % THREADS_Y] = x_quad(pixel, tap, tap1, tap2, tap3);
    }
    for (var load = 0u; load < B_LOADS; load++) {
      let step = (load * THREADS + local) / STRIPE;
      if (step < K_STEP) {
        let k = first_k + step;
        let o = first_o + t;
        let four = vec4f(dy_at(k, o), dy_at(k, o + STRIPE), dy_at(k, o + 2u * STRIPE), dy_at(k, o + 3u * STRIPE));
        b_tile[step][t / THREADS_X][t % THREADS_X] = four;
        column_sums += four;
      }
    }
    workgroupBarrier();

    for (var step = 0u; step < K_STEP; step++) {
      for (var j = 0u; j < QUADS; j++) {
        b[j] = b_tile[step][j][tx];
      }
      for (var i = 0u; i < ROW_QUADS; i++) {
        let four = a_tile[step][i][ty];
        for (var j = 0u; j < QUADS; j++) {
          sum[4u * i][j] = fma(vec4f(four.x), b[j], sum[4u * i][j]);
          sum[4u * i + 1u][j] = fma(vec4f(four.y), b[j], sum[4u * i + 1u][j]);
          sum[4u * i + 2u][j] = fma(vec4f(four.z), b[j], sum[4u * i + 2u][j]);
          sum[4u * i + 3u][j] = fma(vec4f(four.w), b[j], sum[4u * i + 3u][j]);
        }
      }
    }
    workgroupBarrier();
  }

  for (var row = 0u; row < ROWS; row++) {
    let m = first_m + 4u * (row / 4u * THREADS_Y + ty) + row % 4u;
    for (var j = 0u; j < QUADS; j++) {
      for (var e = 0u; e < 4u; e++) {
        let o = first_o + e * STRIPE + j * THREADS_X + tx;
        if (m < M && o < O) {
          let index = m * O + o;
          if (SLICES == 1u) {
            partial[index] = epilogue(sum[row][j][e], index, o);
          } else {
            // A part of the sum is not a result yet: the reduce pass applies the epilogue.
            partial[group.z * (M * O) + index] = sum[row][j][e];
          }
        }
      }
    }
  }

  if (first_m == 0u) {
    b_tile[local / STRIPE][t / THREADS_X][t % THREADS_X] = column_sums;
    workgroupBarrier();
    if (local < STRIPE) {
      for (var other = 1u; other < COLUMN_SHARERS; other++) {
        column_sums += b_tile[other][t / THREADS_X][t % THREADS_X];
      }
      for (var e = 0u; e < 4u; e++) {
        let o = first_o + e * STRIPE + t;
        if (o < O) {
          bias_partial[group.z * O + o] = column_sums[e];
        }
      }
    }
  }
}
