// 2-D convolution, channels last, for a GPU: a matrix product whose left factor is never stored.
//
//   y[n,p,q,o] = Σ_{i,j,c} x[n, p·STRIDE_H + i − PAD_TOP, q·STRIDE_W + j − PAD_LEFT, c] · kernel[i,j,c,o]
//
// Shapes: x [N,H,W,C], kernel [KH,KW,C,O] → y [N,P,Q,O]. Taps outside the image count as zero.
// As a product: one row per output pixel (n,p,q), one column per output channel o, and the sum over
// k = (i,j,c), which is the order in which both x (for one tap) and kernel lie in memory.
//
// One workgroup computes TILE_M pixels × TILE_N channels. Each round it gathers K_STEP terms of every
// pixel and K_STEP rows of the kernel into workgroup memory. One invocation computes ROWS pixels ×
// COLUMNS channels in registers. The channels of one vec4 stand STRIPE apart, so that neighbours in a
// workgroup load and store neighbouring words for any O.
//
// Why this variant: the patches (KH·KW times the image) never go through memory, and each vec4 from
// workgroup memory feeds many multiply-adds, which is what bounds a convolution on a GPU.
// Source: Chetlur et al. 2014, cuDNN (implicit lowering to a matrix product).

const N: u32 = 2; //! images
const H: u32 = 7; //! height of x
const W: u32 = 7; //! width of x
const C: u32 = 3; //! channels of x
const KH: u32 = 3; //! height of the window
const KW: u32 = 3; //! width of the window
const P: u32 = 7; //! height of y
const Q: u32 = 7; //! width of y
const O: u32 = 5; //! channels of y
const STRIDE_H: u32 = 1; //! step of the window down the image
const STRIDE_W: u32 = 1; //! step of the window along a row
const PAD_TOP: u32 = 1; //! rows of zeros above x
const PAD_LEFT: u32 = 1; //! columns of zeros left of x
alias X_ELEMENT = f32; //! vec4f when C is a multiple of four, else f32
const X_WIDTH: u32 = 1; //! scalars in an X_ELEMENT
const THREADS_X: u32 = 8; //! invocations side by side along the channels of y
const THREADS_Y: u32 = 8; //! invocations side by side along the pixels of y
const ROWS: u32 = 4; //! pixels per invocation
const COLUMNS: u32 = 4; //! channels per invocation, a multiple of four
const K_STEP: u32 = 16; //! terms of the sum per round, a multiple of four
const GRID_X: u32 = 1; //! workgroups along x; the tiles wrap to y because one dimension allows 65,535

const M = N * P * Q;
const K = KH * KW * C;
const THREADS = THREADS_X * THREADS_Y;
const QUADS = COLUMNS / 4u;
const TILE_M = THREADS_Y * ROWS;
const TILE_N = THREADS_X * COLUMNS;
const TILES_N = (O + TILE_N - 1u) / TILE_N;
// Distance between the four channels of one vec4.
const STRIPE = TILE_N / 4u;
const K_QUADS = K_STEP / 4u;
const ROUNDS = (K + K_STEP - 1u) / K_STEP;
// vec4 of each tile that one invocation brings in per round; the loops below leave no remainder.
const A_LOADS = TILE_M * K_QUADS / THREADS;
const B_LOADS = STRIPE * K_STEP / THREADS;
const_assert A_LOADS * THREADS == TILE_M * K_QUADS;
const_assert B_LOADS * THREADS == STRIPE * K_STEP;
// A row or column no image has: far from wrapping to 0 when taps are added.
const OUTSIDE = 0x40000000u;

@group(0) @binding(0) var<storage, read> x: array<X_ELEMENT>;
@group(0) @binding(1) var<storage, read> kernel: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

// Only the thread coordinate of these arrays is dynamic in the inner loop, so that the clamps which
// robustness adds are computed once. The vec4 too many per row spreads the rows over the banks.
// a_tile[row / ROWS][row % ROWS][k / 4] holds four consecutive terms of a pixel.
var<workgroup> a_tile: array<array<array<vec4f, K_QUADS + 1u>, ROWS>, THREADS_Y>;
// b_tile[k][t / THREADS_X][t % THREADS_X] holds the channels t, t + STRIPE, t + 2 STRIPE, t + 3 STRIPE.
var<workgroup> b_tile: array<array<array<vec4f, THREADS_X + 1u>, QUADS>, K_STEP>;

fn epilogue(value: f32, index: u32, channel: u32) -> f32 { return value; } //! hook

// Where the window of one output pixel starts in x. Above or left of the image h and w wrap to huge
// values, so that one comparison catches both sides.
struct Window {
  image: u32, // flat index of the image's first element
  h: u32,
  w: u32,
}

fn window_of(pixel: u32) -> Window {
  let q = pixel % Q;
  let p = pixel / Q % P;
  let h = select(OUTSIDE, p * STRIDE_H - PAD_TOP, pixel < M);
  return Window(pixel / (P * Q) * (H * W * C), h, q * STRIDE_W - PAD_LEFT);
}

fn x_at(window: Window, k: u32) -> f32 {
  let tap = k / C;
  let h = window.h + tap / KW;
  let w = window.w + tap % KW;
  if (k >= K || h >= H || w >= W) {
    return 0.0;
  }
  return vec4f(x[window.image + (h * W + w) * C + k % C]).x;
}

// The terms k to k + 3 of one pixel; with C a multiple of four they share a tap.
fn x_quad(window: Window, k: u32) -> vec4f {
  if (X_WIDTH == 4u) {
    let tap = k / C;
    let h = window.h + tap / KW;
    let w = window.w + tap % KW;
    if (k >= K || h >= H || w >= W) {
      return vec4f();
    }
    return vec4f(x[(window.image + (h * W + w) * C + k % C) / 4u]);
  }
  return vec4f(x_at(window, k), x_at(window, k + 1u), x_at(window, k + 2u), x_at(window, k + 3u));
}

fn kernel_at(k: u32, o: u32) -> f32 {
  if (k >= K || o >= O) {
    return 0.0;
  }
  return kernel[k * O + o];
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let tile = group.y * GRID_X + group.x;
  let first_m = tile / TILES_N * TILE_M;
  let first_o = tile % TILES_N * TILE_N;
  let tx = local % THREADS_X;
  let ty = local / THREADS_X;

  // An invocation gathers for the same pixels in every round: their divisions are done once.
  var windows: array<Window, A_LOADS>;
  for (var load = 0u; load < A_LOADS; load++) {
    windows[load] = window_of(first_m + (load * THREADS + local) / K_QUADS);
  }

  var sum: array<array<vec4f, QUADS>, ROWS>;
  var b0: array<vec4f, QUADS>;
  var b1: array<vec4f, QUADS>;
  var b2: array<vec4f, QUADS>;
  var b3: array<vec4f, QUADS>;

  for (var round = 0u; round < ROUNDS; round++) {
    let first_k = round * K_STEP;
    for (var load = 0u; load < A_LOADS; load++) {
      let slot = load * THREADS + local;
      let row = slot / K_QUADS;
      let quad = slot % K_QUADS;
      a_tile[row / ROWS][row % ROWS][quad] = x_quad(windows[load], first_k + 4u * quad);
    }
    for (var load = 0u; load < B_LOADS; load++) {
      let slot = load * THREADS + local;
      let t = slot % STRIPE;
      let step = slot / STRIPE;
      let k = first_k + step;
      let o = first_o + t;
      b_tile[step][t / THREADS_X][t % THREADS_X] = vec4f(
        kernel_at(k, o),
        kernel_at(k, o + STRIPE),
        kernel_at(k, o + 2u * STRIPE),
        kernel_at(k, o + 3u * STRIPE),
      );
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
        let four = a_tile[ty][row][quad];
        for (var j = 0u; j < QUADS; j++) {
          sum[row][j] = fma(vec4f(four.w), b3[j], fma(vec4f(four.z), b2[j],
            fma(vec4f(four.y), b1[j], fma(vec4f(four.x), b0[j], sum[row][j]))));
        }
      }
    }
    workgroupBarrier();
  }

  for (var row = 0u; row < ROWS; row++) {
    let pixel = first_m + ty * ROWS + row;
    for (var j = 0u; j < QUADS; j++) {
      for (var e = 0u; e < 4u; e++) {
        let o = first_o + e * STRIPE + j * THREADS_X + tx;
        if (pixel < M && o < O) {
          let index = pixel * O + o;
          y[index] = epilogue(sum[row][j][e], index, o);
        }
      }
    }
  }
}
