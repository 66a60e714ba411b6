// 2-D convolution, channels last, for a GPU: a matrix product whose left factor is never stored.
//
//   y[n,p,q,o] = Σ_{i,j,c} x[n, p·STRIDE_H + i − PAD_TOP, q·STRIDE_W + j − PAD_LEFT, c] · kernel[i,j,c,o]
//
// Shapes: x [N,H,W,C], kernel [KH,KW,C,O] → y [N,P,Q,O]. Taps outside the image count as zero.
// As a product: one row per output pixel (n,p,q), one column per output channel o, and the sum over
// k = (i,j,c), which is the order in which x (for one tap) and kernel are stored.
//
// One workgroup computes TILE_M pixels × TILE_N channels. Each round it gathers K_STEP terms of every
// pixel and K_STEP rows of the kernel into workgroup memory. One invocation computes ROWS pixels ×
// COLUMNS channels in registers. The channels of one vec4 are STRIPE apart, so that adjacent
// invocations load and store adjacent words for any O.
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

//! include product/tile_gpu
//! include product/inner_loop_gpu

const M = N * P * Q;
const K = KH * KW * C;
const TILES_N = (O + TILE_N - 1u) / TILE_N;
const ROUNDS = (K + K_STEP - 1u) / K_STEP;
// An invocation loads the same terms of every pixel.
const_assert THREADS % K_QUADS == 0u;
const ROWS_APART = THREADS / K_QUADS;
// A row that no image has. The sum of two of them is such a row too: a tap and a pixel may both be outside.
const OUTSIDE = 0x40000000u;

@group(0) @binding(0) var<storage, read> x: array<X_ELEMENT>;
@group(0) @binding(1) var<storage, read> kernel: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

fn epilogue(value: f32, index: u32, channel: u32) -> f32 { return value; } //! hook

// Where the window of one output pixel starts in x. Above or left of the image h and w wrap to huge
// values, so that one comparison catches both sides.
struct Window {
  first: u32, // flat index of the window's first element; wraps as well
  h: u32,
  w: u32,
}

fn window_of(pixel: u32) -> Window {
  let h = pixel / Q % P * STRIDE_H - PAD_TOP;
  let w = pixel % Q * STRIDE_W - PAD_LEFT;
  let first = ((pixel / (P * Q) * H + h) * W + w) * C;
  return Window(first, select(OUTSIDE, h, pixel < M), w);
}

// A term of the sum: a place in the window and a channel.
struct Tap {
  offset: u32, // flat distance from the window's first element
  i: u32,
  j: u32,
}

fn tap_of(k: u32) -> Tap {
  let i = k / (KW * C);
  let j = k / C % KW;
  return Tap((i * W + j) * C + k % C, select(OUTSIDE, i, k < K), j);
}

fn x_at(window: Window, tap: Tap) -> f32 {
  if (window.h + tap.i >= H || window.w + tap.j >= W) {
    return 0.0;
  }
  return vec4f(x[window.first + tap.offset]).x;
}

// Four consecutive terms of one pixel; with C a multiple of four they share a tap.
fn x_quad(window: Window, tap: Tap, tap1: Tap, tap2: Tap, tap3: Tap) -> vec4f {
  if (X_WIDTH == 4u) {
    if (window.h + tap.i >= H || window.w + tap.j >= W) {
      return vec4f();
    }
    return vec4f(x[(window.first + tap.offset) / 4u]);
  }
  return vec4f(x_at(window, tap), x_at(window, tap1), x_at(window, tap2), x_at(window, tap3));
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
  let tx = column_in_tile(local);
  let ty = row_in_tile(local);

  // An invocation gathers for the same pixels in every round: their divisions are done once.
  let quad = local % K_QUADS;
  var windows: array<Window, A_LOADS>;
  for (var load = 0u; load < A_LOADS; load++) {
    windows[load] = window_of(first_m + load * ROWS_APART + local / K_QUADS);
  }

  var sums: Sums;

  for (var round = 0u; round < ROUNDS; round++) {
    let first_k = round * K_STEP;
    let k = first_k + 4u * quad;
    let tap = tap_of(k);
    let tap1 = tap_of(k + 1u);
    let tap2 = tap_of(k + 2u);
    let tap3 = tap_of(k + 3u);
    for (var load = 0u; load < A_LOADS; load++) {
      let row = load * ROWS_APART + local / K_QUADS;
      a_tile[row / THREADS_Y][row % THREADS_Y][quad] = x_quad(windows[load], tap, tap1, tap2, tap3);
    }
    for (var load = 0u; load < B_LOADS; load++) {
      let slot = load * THREADS + local;
      if (slot < STRIPE * K_STEP) {
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
    }
    workgroupBarrier();

    add_product(&sums, tx, ty);
    workgroupBarrier();
  }

  for (var row = 0u; row < ROWS; row++) {
    let pixel = first_m + row * THREADS_Y + ty;
    for (var j = 0u; j < QUADS; j++) {
      for (var e = 0u; e < 4u; e++) {
        let o = first_o + e * STRIPE + j * THREADS_X + tx;
        if (pixel < M && o < O) {
          let index = pixel * O + o;
          y[index] = epilogue(sums[row][j][e], index, o);
        }
      }
    }
  }
}
