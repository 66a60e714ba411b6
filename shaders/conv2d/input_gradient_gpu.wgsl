// Gradient of a 2-D convolution by its input, for a GPU: a matrix product per phase of the stride.
//
//   dx[n,h,w,c] = Σ_{i,j,o} dy[n, (h + PAD_TOP − i) / STRIDE_H, (w + PAD_LEFT − j) / STRIDE_W, o] · kernel[i,j,c,o]
//                 over the taps (i,j) for which both divisions are exact and the results inside dy
//
// Shapes: dy [N,P,Q,O], kernel [KH,KW,C,O] → dx [N,H,W,C].
// Pixels whose row and column agree modulo the strides (a phase) have the same taps: every STRIDE_H-th
// row of the window and every STRIDE_W-th column. Each phase is a product of its own, without the terms
// that are always zero: one row per pixel of the phase, one column per channel c, and the sum over
// k = (its taps, o), in which dy and the kernel are contiguous. With strides of 1 there is one phase.
//
// One workgroup computes TILE_M pixels of one phase × TILE_N channels. Each round it gathers K_STEP
// terms of every pixel and of every channel into workgroup memory. One invocation computes ROWS pixels
// × COLUMNS channels in registers. The channels of one vec4 are STRIPE apart, so that adjacent
// invocations store adjacent words for any C.
//
// Why this variant: it gathers, so it needs no atomics and repeats bit for bit; the patches of dy never
// go through memory, and each vec4 from workgroup memory feeds many multiply-adds.

const N: u32 = 2; //! images
const H: u32 = 7; //! height of dx
const W: u32 = 7; //! width of dx
const C: u32 = 3; //! channels of dx
const KH: u32 = 3; //! height of the window
const KW: u32 = 3; //! width of the window
const P: u32 = 7; //! height of dy
const Q: u32 = 7; //! width of dy
const O: u32 = 5; //! channels of dy
const STRIDE_H: u32 = 1; //! step of the window down the image
const STRIDE_W: u32 = 1; //! step of the window along a row
const PAD_TOP: u32 = 1; //! rows of zeros above x
const PAD_LEFT: u32 = 1; //! columns of zeros left of x
alias DY_ELEMENT = f32; //! vec4f when O is a multiple of four, else f32
const DY_WIDTH: u32 = 1; //! scalars in a DY_ELEMENT
const THREADS_X: u32 = 8; //! invocations side by side along the channels of dx
const THREADS_Y: u32 = 8; //! invocations side by side along the pixels of dx
const ROWS: u32 = 4; //! pixels per invocation
const COLUMNS: u32 = 4; //! channels per invocation, a multiple of four
const K_STEP: u32 = 16; //! terms of the sum per round, a multiple of four
const GRID_X: u32 = 1; //! workgroups along x; the tiles wrap to y because one dimension allows 65,535

//! include product/tile_gpu
//! include product/inner_loop_gpu

// Rows, columns and pixels of the largest phase; smaller phases are padded.
const PHASE_H = (H + STRIDE_H - 1u) / STRIDE_H;
const PHASE_W = (W + STRIDE_W - 1u) / STRIDE_W;
const M = N * PHASE_H * PHASE_W;
// Taps of the phase that has the most, and the terms of its sum.
const TAPS_H = (KH + STRIDE_H - 1u) / STRIDE_H;
const TAPS_W = (KW + STRIDE_W - 1u) / STRIDE_W;
const K = TAPS_H * TAPS_W * O;
const TILES_M = (M + TILE_M - 1u) / TILE_M;
const TILES_N = (C + TILE_N - 1u) / TILE_N;
const ROUNDS = (K + K_STEP - 1u) / K_STEP;
// An invocation loads the same terms of every pixel and of every channel.
const_assert THREADS % K_STEP == 0u;
const ROWS_APART = THREADS / K_QUADS;
const COLUMNS_APART = THREADS / K_STEP;
// Taps are subtracted from rows: a row that no gradient has, and one minus a tap that no window has, are outside.
const NO_ROW = 0x20000000u;
const NO_TAP = 0x40000000u;

@group(0) @binding(0) var<storage, read> dy: array<DY_ELEMENT>;
@group(0) @binding(1) var<storage, read> kernel: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;

fn epilogue(value: f32, index: u32, channel: u32) -> f32 { return value; } //! hook

// A pixel of dx by its number within a phase. The phase is known by its first pixel.
struct Pixel {
  n: u32,
  h: u32,
  w: u32,
}

fn pixel_of(m: u32, phase: vec2u) -> Pixel {
  let h = phase.x + m / PHASE_W % PHASE_H * STRIDE_H;
  let w = phase.y + m % PHASE_W * STRIDE_W;
  return Pixel(m / (PHASE_H * PHASE_W), h, w);
}

// The pixel of dy under the first tap of a pixel; the taps after it are above and to the left. There p and q
// wrap to huge values, so that one comparison catches both sides.
struct Window {
  first: u32, // flat index of the first channel of dy there
  p: u32,
  q: u32,
}

fn window_of(m: u32, phase: vec2u) -> Window {
  let pixel = pixel_of(m, phase);
  let p = (pixel.h + PAD_TOP) / STRIDE_H;
  let q = (pixel.w + PAD_LEFT) / STRIDE_W;
  return Window(((pixel.n * P + p) * Q + q) * O, select(NO_ROW, p, m < M), q);
}

// A term of the sum: a tap of the phase, counted from its first, and a channel.
struct Tap {
  i: u32,
  j: u32,
  o: u32,
}

fn tap_of(k: u32, first_tap: vec2u) -> Tap {
  let i = k / (TAPS_W * O);
  let j = k / O % TAPS_W;
  // A phase may have fewer taps than the largest; both factors are zero there, since an infinity times zero is NaN.
  let is_inside = (STRIDE_H == 1u || first_tap.x + i * STRIDE_H < KH) && (STRIDE_W == 1u || first_tap.y + j * STRIDE_W < KW);
  return Tap(select(NO_TAP, i, k < K && is_inside), j, k % O);
}

fn dy_at(window: Window, tap: Tap) -> f32 {
  if (window.p - tap.i >= P || window.q - tap.j >= Q) {
    return 0.0;
  }
  return vec4f(dy[window.first - (tap.i * Q + tap.j) * O + tap.o]).x;
}

// Four consecutive terms of one pixel; with O a multiple of four they share a tap.
fn dy_quad(window: Window, tap: Tap, tap1: Tap, tap2: Tap, tap3: Tap) -> vec4f {
  if (DY_WIDTH == 4u) {
    if (window.p - tap.i >= P || window.q - tap.j >= Q) {
      return vec4f();
    }
    return vec4f(dy[(window.first - (tap.i * Q + tap.j) * O + tap.o) / 4u]);
  }
  return vec4f(dy_at(window, tap), dy_at(window, tap1), dy_at(window, tap2), dy_at(window, tap3));
}

// The kernel for one term of the phase whose first tap is given.
fn kernel_at(tap: Tap, c: u32, first_tap: vec2u) -> f32 {
  let i = first_tap.x + tap.i * STRIDE_H;
  let j = first_tap.y + tap.j * STRIDE_W;
  if (tap.i >= TAPS_H || c >= C) {
    return 0.0;
  }
  return kernel[((i * KW + j) * C + c) * O + tap.o];
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let tile = group.y * GRID_X + group.x;
  let first_c = tile % TILES_N * TILE_N;
  let first_m = tile / TILES_N % TILES_M * TILE_M;
  // Tiles after the last phase, which exist because of the wrap to y, repeat a phase: same inputs, same bits.
  let phase_index = tile / (TILES_N * TILES_M) % (STRIDE_H * STRIDE_W);
  let phase = vec2u(phase_index / STRIDE_W, phase_index % STRIDE_W);
  let first_tap = (phase + vec2u(PAD_TOP, PAD_LEFT)) % vec2u(STRIDE_H, STRIDE_W);
  let tx = column_in_tile(local);
  let ty = row_in_tile(local);

  // An invocation gathers for the same pixels in every round: their divisions are done once.
  let quad = local % K_QUADS;
  var windows: array<Window, A_LOADS>;
  for (var load = 0u; load < A_LOADS; load++) {
    windows[load] = window_of(first_m + load * ROWS_APART + local / K_QUADS, phase);
  }

  var sums: Sums;

  for (var round = 0u; round < ROUNDS; round++) {
    let first_k = round * K_STEP;
    let k = first_k + 4u * quad;
    let tap = tap_of(k, first_tap);
    let tap1 = tap_of(k + 1u, first_tap);
    let tap2 = tap_of(k + 2u, first_tap);
    let tap3 = tap_of(k + 3u, first_tap);
    for (var load = 0u; load < A_LOADS; load++) {
      let row = load * ROWS_APART + local / K_QUADS;
      a_tile[row / THREADS_Y][row % THREADS_Y][quad] = dy_quad(windows[load], tap, tap1, tap2, tap3);
    }
    // The kernel is contiguous along k here, so adjacent invocations load adjacent k.
    let step = local % K_STEP;
    let tap_of_step = tap_of(first_k + step, first_tap);
    for (var load = 0u; load < B_LOADS; load++) {
      let t = load * COLUMNS_APART + local / K_STEP;
      if (t < STRIPE) {
        let c = first_c + t;
        b_tile[step][t / THREADS_X][t % THREADS_X] = vec4f(
          kernel_at(tap_of_step, c, first_tap),
          kernel_at(tap_of_step, c + STRIPE, first_tap),
          kernel_at(tap_of_step, c + 2u * STRIPE, first_tap),
          kernel_at(tap_of_step, c + 3u * STRIPE, first_tap),
        );
      }
    }
    workgroupBarrier();

    add_product(&sums, tx, ty);
    workgroupBarrier();
  }

  for (var row = 0u; row < ROWS; row++) {
    let m = first_m + row * THREADS_Y + ty;
    let pixel = pixel_of(m, phase);
    for (var j = 0u; j < QUADS; j++) {
      for (var e = 0u; e < 4u; e++) {
        let c = first_c + e * STRIPE + j * THREADS_X + tx;
        if (m < M && pixel.h < H && pixel.w < W && c < C) {
          let index = ((pixel.n * H + pixel.h) * W + pixel.w) * C + c;
          dx[index] = epilogue(sums[row][j][e], index, c);
        }
      }
    }
  }
}
