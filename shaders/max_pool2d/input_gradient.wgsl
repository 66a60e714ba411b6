// dx[n,h,w,c] = Σ dy[n,p,q,c] over the windows (p,q) in which (h,w) is the first place of the maximum.
//
// Shapes: x [N,H,W,C], dy [N,P,Q,C] → dx [N,H,W,C]. Gather style: one invocation looks at every window over its pixel
// and finds that window's first maximum again, so nothing is scattered and the bits never change.
// PER_INVOCATION elements per invocation, WORKGROUP apart.
const N: u32 = 1; //! images
const H: u32 = 4; //! input height
const W: u32 = 4; //! input width
const C: u32 = 1; //! channels
const KH: u32 = 2; //! window height
const KW: u32 = 2; //! window width
const P: u32 = 2; //! output height
const Q: u32 = 2; //! output width
const STRIDE_H: u32 = 2; //! pixels between windows, down
const STRIDE_W: u32 = 2; //! pixels between windows, across
const PAD_TOP: u32 = 0; //! rows outside x above it
const PAD_LEFT: u32 = 0; //! columns outside x left of it
const WORKGROUP: u32 = 64; //! invocations per workgroup
const PER_INVOCATION: u32 = 1; //! elements per invocation
// At most this many windows lie over one pixel.
const OVER_H: u32 = (KH + STRIDE_H - 1u) / STRIDE_H;
const OVER_W: u32 = (KW + STRIDE_W - 1u) / STRIDE_W;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;

//! include floats/non_finite

fn epilogue(value: f32, index: u32, channel: u32) -> f32 { return value; } //! hook

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = (group.y * groups.x + group.x) * PER_INVOCATION * WORKGROUP + lane;
  for (var k = 0u; k < PER_INVOCATION; k++) {
    let element = first + k * WORKGROUP;
    if (element >= N * H * W * C) {
      break;
    }
    let c = element % C;
    let w = element / C % W;
    let h = element / (C * W) % H;
    let n = element / (C * W * H);
    let value = x[element];
    var total = 0.0;
    for (var a = 0u; a < OVER_H; a++) {
      for (var b = 0u; b < OVER_W; b++) {
        // The a-th last window row over h, and h's row i within it; wrapped numbers fail the tests.
        let p = (h + PAD_TOP) / STRIDE_H - a;
        let q = (w + PAD_LEFT) / STRIDE_W - b;
        let i = h + PAD_TOP - p * STRIDE_H;
        let j = w + PAD_LEFT - q * STRIDE_W;
        if (p < P && q < Q && i < KH && j < KW && is_first_maximum(n, p, q, c, i, j, value)) {
          total += dy[((n * P + p) * Q + q) * C + c];
        }
      }
    }
    dx[element] = epilogue(total, element, c);
  }
}

// Whether `value`, at (i,j) in the window (p,q), exceeds every tap before, and no tap behind exceeds it.
fn is_first_maximum(n: u32, p: u32, q: u32, c: u32, i: u32, j: u32, value: f32) -> bool {
  var is_first = true;
  for (var ii = 0u; ii < KH; ii++) {
    for (var jj = 0u; jj < KW; jj++) {
      let h = p * STRIDE_H + ii - PAD_TOP;
      let w = q * STRIDE_W + jj - PAD_LEFT;
      if (h < H && w < W) {
        let other = x[((n * H + h) * W + w) * C + c];
        let is_before = ii * KW + jj < i * KW + j;
        is_first = is_first && select(!exceeds(other, value), exceeds(value, other), is_before);
      }
    }
  }
  return is_first;
}
