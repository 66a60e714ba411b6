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

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;

//! include floats/non_finite
//! include pool2d/windows
//! include pool2d/gradient_windows

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
    let pixel = Tap(element / (C * W) % H, element / C % W);
    let n = element / (C * W * H);
    let value = x[element];
    var total = 0.0;
    for (var a = 0u; a < OVER_H; a++) {
      for (var b = 0u; b < OVER_W; b++) {
        let over = window_over(pixel, a, b);
        if (contains(over) && is_first_maximum(Window(n, over.p, over.q), c, over.i * KW + over.j, value)) {
          total += dy[((n * P + over.p) * Q + over.q) * C + c];
        }
      }
    }
    dx[element] = epilogue(total, element, c);
  }
}

// Whether `value`, at the given place in the window, exceeds every tap before it, and no tap after it exceeds it.
fn is_first_maximum(window: Window, c: u32, place: u32, value: f32) -> bool {
  var is_first = true;
  for (var i = 0u; i < KH; i++) {
    for (var j = 0u; j < KW; j++) {
      let tap = tap_of(window, i, j);
      if (is_inside(tap)) {
        let other = x[index_of(window, tap, C) + c];
        let is_before = i * KW + j < place;
        is_first = is_first && select(!exceeds(other, value), exceeds(value, other), is_before);
      }
    }
  }
  return is_first;
}
