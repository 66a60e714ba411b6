// The walk over the windows of a pooling: from a window to its pixels, and from a pixel to the windows that contain it.
//
// The including shader declares H, W, KH, KW, P, Q, STRIDE_H, STRIDE_W, PAD_TOP and PAD_LEFT.

// The window that computes y[n,p,q].
struct Window {
  n: u32,
  p: u32,
  q: u32,
}

// The window of an element of y [N,P,Q,channels].
fn window_of(element: u32, channels: u32) -> Window {
  return Window(element / (channels * Q * P), element / (channels * Q) % P, element / channels % Q);
}

// A pixel of x. Unsigned: above or left of x, h and w wrap to huge numbers.
struct Tap {
  h: u32,
  w: u32,
}

// The pixel in row i and column j of a window.
fn tap_of(window: Window, i: u32, j: u32) -> Tap {
  return Tap(window.p * STRIDE_H + i - PAD_TOP, window.q * STRIDE_W + j - PAD_LEFT);
}

fn is_inside(tap: Tap) -> bool {
  return tap.h < H && tap.w < W;
}

// The index of the pixel's first channel in x [N,H,W,channels].
fn index_of(window: Window, tap: Tap, channels: u32) -> u32 {
  return ((window.n * H + tap.h) * W + tap.w) * channels;
}

// At most this many windows contain one pixel.
const OVER_H: u32 = (KH + STRIDE_H - 1u) / STRIDE_H;
const OVER_W: u32 = (KW + STRIDE_W - 1u) / STRIDE_W;

// A window of the same image as a pixel, with the row i and the column j of the pixel in it.
struct Over {
  p: u32,
  q: u32,
  i: u32,
  j: u32,
}

// The a-th last window row and the b-th last window column over a pixel; outside y or the window, numbers wrap.
fn window_over(pixel: Tap, a: u32, b: u32) -> Over {
  let p = (pixel.h + PAD_TOP) / STRIDE_H - a;
  let q = (pixel.w + PAD_LEFT) / STRIDE_W - b;
  return Over(p, q, pixel.h + PAD_TOP - p * STRIDE_H, pixel.w + PAD_LEFT - q * STRIDE_W);
}

// Whether the window exists and contains the pixel.
fn contains(over: Over) -> bool {
  return over.p < P && over.q < Q && over.i < KH && over.j < KW;
}
