// dx[n,h,w,c] = Σ dy[n,p,q,c] / count[p,q] over the windows (p,q) that contain (h,w); count is the number of their pixels in x.
//
// Shapes: dy [N,P,Q,C] → dx [N,H,W,C]. Gather style: one invocation adds up every window over its pixel, so nothing is
// scattered and the bits never change. PER_INVOCATION elements per invocation, WORKGROUP apart.
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

@group(0) @binding(0) var<storage, read> dy: array<f32>;
@group(0) @binding(1) var<storage, read_write> dx: array<f32>;

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
    var total = 0.0;
    for (var a = 0u; a < OVER_H; a++) {
      for (var b = 0u; b < OVER_W; b++) {
        let over = window_over(pixel, a, b);
        if (contains(over)) {
          let rows = inside(over.p * STRIDE_H, KH, PAD_TOP, H);
          let columns = inside(over.q * STRIDE_W, KW, PAD_LEFT, W);
          total += dy[((n * P + over.p) * Q + over.q) * C + c] / f32(rows * columns);
        }
      }
    }
    dx[element] = epilogue(total, element, c);
  }
}

// How many of the `extent` places from `start` on are among the `size` places after the padding.
fn inside(start: u32, extent: u32, pad: u32, size: u32) -> u32 {
  return min(start + extent, pad + size) - max(start, pad);
}
