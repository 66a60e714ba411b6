// dx[n,h,w,c] = dy[n,p,q,c] where (h,w) is the first place of its window's maximum, else 0, for adjacent
// windows: strides equal to the window, no padding, so each pixel belongs to one window at most.
//
// Shapes: x [N,H,W,C], dy [N,P,Q,C] → dx [N,H,W,C]. One invocation takes one window of one channel, finds its first maximum
// once and writes all its pixels: KH·KW + 1 loads where the general kernel makes KH·KW·(KH·KW + 2). Pixels after the last
// whole window belong to partial windows, which have no dy. PER_INVOCATION windows per invocation, WORKGROUP apart.
const N: u32 = 1; //! images
const H: u32 = 4; //! input height
const W: u32 = 4; //! input width
const C: u32 = 1; //! channels
const KH: u32 = 2; //! window height, and the stride down
const KW: u32 = 2; //! window width, and the stride across
const P: u32 = 2; //! output height
const Q: u32 = 2; //! output width
const WORKGROUP: u32 = 64; //! invocations per workgroup
const PER_INVOCATION: u32 = 1; //! windows per invocation
// Windows that cover every pixel, those at the edges in part.
const P_ALL: u32 = (H + KH - 1u) / KH;
const Q_ALL: u32 = (W + KW - 1u) / KW;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;

//! include floats/non_finite

fn epilogue(value: f32, index: u32, channel: u32) -> f32 { return value; } //! hook

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = (group.y * groups.x + group.x) * PER_INVOCATION * WORKGROUP + lane;
  for (var k = 0u; k < PER_INVOCATION; k++) {
    let window = first + k * WORKGROUP;
    if (window >= N * P_ALL * Q_ALL * C) {
      break;
    }
    let c = window % C;
    let q = window / C % Q_ALL;
    let p = window / (C * Q_ALL) % P_ALL;
    let n = window / (C * Q_ALL * P_ALL);
    let corner = ((n * H + p * KH) * W + q * KW) * C + c;
    let is_whole = p < P && q < Q;
    var place = 0u;
    var gradient = 0.0;
    if (is_whole) {
      gradient = dy[((n * P + p) * Q + q) * C + c];
      var largest = x[corner];
      for (var t = 1u; t < KH * KW; t++) {
        let value = x[corner + (t / KW * W + t % KW) * C];
        let is_larger = exceeds(value, largest);
        place = select(place, t, is_larger);
        largest = select(largest, value, is_larger);
      }
    }
    for (var t = 0u; t < KH * KW; t++) {
      if (is_whole || (p * KH + t / KW < H && q * KW + t % KW < W)) {
        let element = corner + (t / KW * W + t % KW) * C;
        dx[element] = epilogue(select(0.0, gradient, t == place), element, c);
      }
    }
  }
}
