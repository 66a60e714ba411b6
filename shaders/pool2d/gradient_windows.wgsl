// The walk over the windows of a pooling that contain a pixel, for its gradient.
//
// Included after pool2d/windows; the including shader declares KH and KW as well.

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
