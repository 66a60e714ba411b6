// The walk over the pixels in a window of a pooling.
//
// The including shader declares H, W, P, Q, STRIDE_H, STRIDE_W, PAD_TOP and PAD_LEFT.

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
